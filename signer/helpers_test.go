package signer_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newPartner makes a partner for https://partner.example, unless o names another.
func newPartner(t testing.TB, o signer.Options) *signer.Partner {
	t.Helper()
	if o.Upstream == (signer.Upstream{}) {
		o.Upstream = must(signer.ParseUpstream("https://partner.example"))
	}
	p, err := signer.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A step is a step for tests. The zero value does nothing.
type step struct {
	phase     signer.Phase
	owns      []string
	needsBody bool
	apply     func(context.Context, *signer.Request) error
}

func (s *step) Phase() signer.Phase            { return s.phase }
func (s *step) Owns() []string                 { return s.owns }
func (s *step) NeedsBody(*signer.Request) bool { return s.needsBody }

func (s *step) Apply(ctx context.Context, r *signer.Request) error {
	if s.apply == nil {
		return nil
	}
	return s.apply(ctx, r)
}

// wholeBody is a step that needs the body.
var wholeBody = &step{needsBody: true}

// newStamp makes a step that stands for a signature: no two are the same.
func newStamp() *step {
	var n atomic.Int64
	return &step{phase: signer.PhaseSignature, owns: []string{"Stamp"}, apply: func(_ context.Context, r *signer.Request) error {
		r.Header["Stamp"] = []string{strconv.FormatInt(n.Add(1), 10)}
		return nil
	}}
}

// A fixed value never changes.
type fixed string

func (f fixed) Value(time.Time) (string, error) { return string(f), nil }

// A message is a request as net/http writes it to an HTTP/1.1 connection.
type message struct {
	line   string // without the version
	header http.Header
	body   string
	out    *http.Request
}

// A wire is a base transport that keeps what it is given.
type wire struct {
	answer func(*http.Request) (*http.Response, error) // nil: 200 without a body

	mu   sync.Mutex
	sent []message
}

func (w *wire) RoundTrip(out *http.Request) (*http.Response, error) {
	var buf bytes.Buffer
	if err := out.Write(&buf); err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(buf.String(), " HTTP/1.1\r\n")
	parsed := must(http.ReadRequest(bufio.NewReader(&buf)))
	w.mu.Lock()
	w.sent = append(w.sent, message{line, parsed.Header, string(must(io.ReadAll(parsed.Body))), out})
	w.mu.Unlock()
	if w.answer != nil {
		return w.answer(out)
	}
	return respond(200, ""), nil
}

// last is what was sent last.
func (w *wire) last(t *testing.T) message {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sent) == 0 {
		t.Fatal("nothing was sent")
	}
	return w.sent[len(w.sent)-1]
}

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// long is a body that is streamed where no step needs it.
var long = strings.Repeat(" ", 5000)

// request reads a request as a server does. Lines end in \n.
func request(t testing.TB, raw string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\n\n")
	raw = strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// A problem is an answer of our own as its client reads it.
type problem struct {
	Type, Title, Detail, Partner string
	Status                       int
}

// wantProblem checks that res is an answer of our own of this kind, whose
// detail contains part.
func wantProblem(t *testing.T, res *http.Response, err error, kind signer.Kind, part string) {
	t.Helper()
	if err != nil {
		t.Fatalf("error %v, want an answer: %s", err, kind.Name)
	}
	defer res.Body.Close()
	body := must(io.ReadAll(res.Body))
	var p problem
	if res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("answer %d %q, want %s", res.StatusCode, body, kind.Name)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	if p.Type != signer.ProblemBase+kind.Name || res.StatusCode != kind.Status || p.Status != kind.Status {
		t.Errorf("answer %d %s, want %d %s (%s)", res.StatusCode, p.Type, kind.Status, kind.Name, p.Detail)
	}
	if !strings.Contains(p.Detail, part) {
		t.Errorf("detail %q, want %q in it", p.Detail, part)
	}
}

// wantAnswer checks the partner's answer, and closes it.
func wantAnswer(t *testing.T, res *http.Response, err error, status int, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status || string(got) != body {
		t.Errorf("answer %d %q, %v, want %d %q", res.StatusCode, got, err, status, body)
	}
}

// A watchedBody tells whether it was closed.
type watchedBody struct {
	io.Reader
	closed atomic.Bool
}

func (b *watchedBody) Close() error {
	b.closed.Store(true)
	return nil
}

var errBroken = errors.New("broken")

// noLeaks checks at the end of the test that all goroutines it started end.
// It comes first, so that its check comes last.
func noLeaks(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		deadline := time.Now().Add(10 * time.Second)
		for runtime.NumGoroutine() > before {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("%d goroutines, %d before the test:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// quiet is where servers log what a test provokes.
var quiet = log.New(io.Discard, "", 0)

// listen serves connections on a port of its own until the test ends.
func listen(t *testing.T, serve func(net.Conn)) net.Addr {
	t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	var serving sync.WaitGroup
	ctx, end := context.WithCancel(context.Background())
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		end()
		serving.Wait()
	})
	return listener.Addr()
}
