package signer_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A digest is a step that hashes the body and keeps what it got.
type digest struct {
	step
	hashes []crypto.Hash
	body   []byte
	sums   map[crypto.Hash][]byte
}

func newDigest(hashes ...crypto.Hash) *digest {
	d := &digest{hashes: hashes}
	d.needsBody = true
	d.apply = func(_ context.Context, r *signer.Request) error {
		d.body, d.sums = r.Body.Bytes(), map[crypto.Hash][]byte{}
		for _, h := range []crypto.Hash{crypto.SHA512, crypto.SHA256} {
			d.sums[h] = r.Body.Sum(h)
		}
		return nil
	}
	return d
}

func (d *digest) Digests() []crypto.Hash { return d.hashes }

// post sends a body of that length; -1: of unknown length.
func post(p *signer.Partner, base http.RoundTripper, length int64, body io.Reader) (*http.Response, error) {
	req := must(http.NewRequest("POST", "https://localhost/", nil))
	req.Body, req.ContentLength = io.NopCloser(body), length
	req.GetBody = func() (io.ReadCloser, error) { panic("the body is sent again") }
	return p.Transport(base).RoundTrip(req)
}

// Whatever the pieces in which a body arrives, and whether its length is known
// or not, it is read once, hashed as it arrives and sent whole, with its length.
func TestBodyInAnyPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	digests := []*digest{newDigest(crypto.SHA256, crypto.SHA512), newDigest(crypto.SHA512), newDigest()}
	for i := range 300 {
		body := make([]byte, random.IntN(1<<uint(random.IntN(18))))
		for j := range body {
			body[j] = byte(random.Uint32())
		}
		var reader io.Reader = bytes.NewReader(body)
		switch i % 4 {
		case 1:
			reader = iotest.HalfReader(reader)
		case 2:
			reader = iotest.DataErrReader(reader) // the end comes with the last piece
		case 3:
			reader = &pieces{reader, random}
		}
		length := int64(len(body))
		if length == 0 || random.IntN(2) == 0 {
			length = -1
		}
		d := digests[i%len(digests)]
		w, memory := new(wire), signer.NewMemory(0)
		res, err := post(newPartner(t, signer.Options{Steps: []signer.Step{d}, Memory: memory}), w, length, reader)
		wantAnswer(t, res, err, 200, "")
		sent := w.last(t)
		sum256, sum512 := sha256.Sum256(body), sha512.Sum512(body)
		if sent.body != string(body) || !bytes.Equal(d.body, body) || sent.header.Get("Content-Length") != fmt.Sprint(len(body)) {
			t.Fatalf("%d bytes of length %d: sent %d, Content-Length %s", len(body), length, len(sent.body), sent.header.Get("Content-Length"))
		}
		if !bytes.Equal(d.sums[crypto.SHA256], sum256[:]) || !bytes.Equal(d.sums[crypto.SHA512], sum512[:]) {
			t.Fatalf("%d bytes of length %d: sums %x", len(body), length, d.sums)
		}
		if get := sent.out.GetBody; get != nil {
			if _, err := get(); err == nil {
				t.Fatal("net/http could send it again")
			}
		}
		wantMemory(t, memory, 0)
	}
}

// pieces hands out a body in pieces of any length, some of them empty.
type pieces struct {
	io.Reader
	random *rand.Rand
}

func (p *pieces) Read(buf []byte) (int, error) {
	return p.Reader.Read(buf[:p.random.IntN(len(buf)+1)])
}

func wantMemory(t *testing.T, m *signer.Memory, want int64) {
	t.Helper()
	if used := m.Used(); used != want {
		t.Errorf("%d bytes of memory are used, want %d", used, want)
	}
}

func TestMaxBody(t *testing.T) {
	for _, max := range []int64{1, 100, 4096, 5000, 8192, 1 << 20} {
		p := newPartner(t, signer.Options{MaxBody: max, Steps: []signer.Step{wholeBody}})
		for _, known := range []bool{true, false} {
			for _, size := range []int64{max, max + 1, 3 * max} {
				length, reader := int64(-1), io.Reader(strings.NewReader(strings.Repeat("x", int(size))))
				if known {
					length = size
				}
				w := new(wire)
				if known && size > max {
					reader = panicking{} // nothing is read
				}
				res, err := post(p, w, length, reader)
				if size > max {
					wantProblem(t, res, err, signer.BodyTooLarge, fmt.Sprintf("max_body is %d bytes", max))
					if len(w.sent) > 0 {
						t.Error("sent")
					}
					continue
				}
				wantAnswer(t, res, err, 200, "")
				if n := int64(len(w.last(t).body)); n != size {
					t.Errorf("%d of %d bytes were sent", n, size)
				}
			}
		}
	}
}

// The partner sees a complete request, or none.
func TestBrokenBody(t *testing.T) {
	for _, test := range []struct {
		name   string
		length int64
		body   io.Reader
		kind   signer.Kind
		part   string
	}{
		{"short", 10, strings.NewReader("short"), signer.InvalidRequest, "shorter"},
		{"empty", 10, strings.NewReader(""), signer.InvalidRequest, "shorter"},
		{"long", 2, strings.NewReader("long"), signer.InvalidRequest, "longer"},
		{"long, its end with the last piece", 2, iotest.DataErrReader(strings.NewReader("lon")), signer.InvalidRequest, "longer"},
		{"broken", 10, io.MultiReader(strings.NewReader("bro"), iotest.ErrReader(errBroken)), signer.InvalidRequest, "could not be read"},
		{"broken, of unknown length", -1, io.MultiReader(strings.NewReader("bro"), iotest.ErrReader(errBroken)), signer.InvalidRequest, "could not be read"},
		{"cut off", -1, iotest.ErrReader(io.ErrUnexpectedEOF), signer.InvalidRequest, "could not be read"},
		{"late", -1, iotest.ErrReader(os.ErrDeadlineExceeded), signer.TooSlow, "did not arrive in time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			memory, w := signer.NewMemory(0), new(wire)
			p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{newDigest(crypto.SHA256)}})
			body := &watchedBody{Reader: test.body}
			res, err := p.Transport(w).RoundTrip(&http.Request{Method: "POST", URL: parse(t, "/"), Body: body, ContentLength: test.length})
			wantProblem(t, res, err, test.kind, test.part)
			wantMemory(t, memory, 0)
			if len(w.sent) > 0 || !body.closed.Load() {
				t.Errorf("sent %d times, body closed: %t", len(w.sent), body.closed.Load())
			}
		})
	}
}

// A server ends a request whose read deadline has passed as if its client had
// left; the client has not, and is told.
func TestLateBodyIsNotAbandoned(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := newPartner(t, signer.Options{Steps: []signer.Step{wholeBody}})
	req := must(http.NewRequestWithContext(ctx, "POST", "/", readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, os.ErrDeadlineExceeded
	})))
	res, err := p.Transport(new(wire)).RoundTrip(req)
	wantProblem(t, res, err, signer.TooSlow, "did not arrive in time")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(buf []byte) (int, error) { return f(buf) }

// A body that does not arrive in time is not waited for, and others are left alone.
func TestReadDeadlineOnceTheTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPartner(t, signer.Options{Timeout: time.Minute, Steps: []signer.Step{wholeBody}})
		late := make(chan struct{})
		for _, test := range []struct {
			name string
			body io.Reader
			late bool
		}{
			{"whole", strings.NewReader("{}"), false},
			{"broken", iotest.ErrReader(errBroken), false},
			{"late", readerFunc(func([]byte) (int, error) { <-late; return 0, os.ErrDeadlineExceeded }), true},
		} {
			begin := time.Now()
			set := 0
			x := p.Begin()
			x.SetReadDeadline(func(deadline time.Time) error {
				if set++; !deadline.Equal(time.Now()) || time.Since(begin) != time.Minute {
					t.Errorf("%s: %v after %v", test.name, deadline, time.Since(begin))
				}
				close(late)
				return errors.ErrUnsupported
			})
			if _, err := x.RoundTrip(must(http.NewRequest("POST", "/", test.body)), new(wire)); err != nil {
				t.Fatal(err)
			}
			x.Close()
			time.Sleep(time.Hour)
			if want := map[bool]int{true: 1}[test.late]; set != want {
				t.Errorf("%s: a deadline was set %d times, want %d", test.name, set, want)
			}
		}
	})
}
