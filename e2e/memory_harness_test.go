package e2e

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A sender sends one large body on a connection of its own, byte for byte its
// own, and does not wait for an answer before it is through.
type sender struct {
	number  int
	chunked bool
	conn    net.Conn

	status     int
	kind       string // of the problem, if the answer is one
	retryAfter string
	took       time.Duration // from the head that was sent to the whole answer
	err        error         // of reading the answer
}

// body is a part of crowdBytes that begins elsewhere for each sender.
func (s *sender) body() io.Reader {
	bytes := crowdBytes()
	at := s.number * 4099 % len(bytes)
	return io.MultiReader(strings.NewReader(bytes[at:]), strings.NewReader(bytes[:at]))
}

// crowdBytes are what senders send.
var crowdBytes = sync.OnceValue(func() string {
	bytes := make([]byte, crowdBody)
	_, _ = rand.Read(bytes)
	return string(bytes)
})

func (s *sender) hash() string {
	h := sha256.New()
	_, _ = io.Copy(h, s.body())
	return hex.EncodeToString(h.Sum(nil))
}

func (s *sender) head() string {
	framing := fmt.Sprintf("Content-Length: %d", crowdBody)
	if s.chunked {
		framing = "Transfer-Encoding: chunked"
	}
	return fmt.Sprintf("POST /v1/sender/%d HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n\r\n", s.number, framing)
}

// run sends and reads the answer at the same time, as it may come early.
func (s *sender) run() {
	defer s.conn.Close()
	begin := time.Now()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if _, err := io.WriteString(s.conn, s.head()); err != nil {
			return
		}
		if !s.chunked {
			_, _ = io.Copy(s.conn, s.body())
			return
		}
		chunks := httputil.NewChunkedWriter(s.conn)
		if _, err := io.Copy(chunks, s.body()); err == nil && chunks.Close() == nil {
			_, _ = io.WriteString(s.conn, "\r\n")
		}
	}()
	s.read(begin)
	s.conn.Close()
	<-sent
}

func (s *sender) read(begin time.Time) {
	res, err := http.ReadResponse(bufio.NewReader(s.conn), nil)
	if err != nil {
		s.err = err
		return
	}
	text, err := io.ReadAll(res.Body)
	s.took, s.err, s.status, s.retryAfter = time.Since(begin), err, res.StatusCode, res.Header.Get("Retry-After")
	if res.Header.Get("Proxy-Status") != "" {
		_, s.kind, _ = strings.Cut(fmt.Sprint(at(string(text), "type")), "#")
	}
}

// A heldPartner answers none of the bodies that have arrived until it is told
// to, so that Caddy holds as many of them at once as it can.
type heldPartner struct {
	*partnertest.Partner
	mu      sync.Mutex
	arrived map[string]string // hash by target
	gate    chan struct{}
}

func newHeldPartner(t testing.TB) *heldPartner {
	t.Helper()
	h := &heldPartner{gate: make(chan struct{})}
	h.again()
	h.Partner = partnertest.New(t, partnertest.Options{
		Protocols: []string{"http/1.1"},
		Require:   acmeRequire(keyOf(t, "ed25519")),
		Answer: func(w http.ResponseWriter, _ *http.Request, seen *partnertest.Request, verdict partnertest.Verdict) bool {
			sum := sha256.Sum256(seen.Body)
			h.mu.Lock()
			h.arrived[seen.Target] = hex.EncodeToString(sum[:])
			gate := h.gate
			h.mu.Unlock()
			if !verdict.OK {
				t.Errorf("%s was not accepted: %v", seen.Target, verdict.Problems)
			}
			<-gate
			return verdict.OK // and not what arrived, as the answer
		},
	})
	t.Cleanup(h.open) // before the partner is closed, whatever has failed
	return h
}

// again forgets what has arrived; open lets all be answered.
func (h *heldPartner) again() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.arrived, h.gate = map[string]string{}, make(chan struct{})
}

func (h *heldPartner) open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.gate: // they have been
	default:
		close(h.gate)
	}
}

func (h *heldPartner) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.arrived)
}
