package partnertest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// drainTime is what a request that meets Options.Break at Arriving has to come in.
const drainTime = 200 * time.Millisecond

// A tap is a connection of HTTP/1.1, above TLS, that keeps what is read from it until
// the request is cut out. net/http may read ahead, never less than the request, so
// that the log holds all of it once the body is read.
type tap struct {
	net.Conn
	link    *link
	partner *Partner
	tls     *tls.ConnectionState // nil without TLS
	ended   atomic.Bool          // at Arriving: TLS may still hold what it decrypted

	mu      sync.Mutex
	log     []byte
	stopped bool
}

func (t *tap) Read(p []byte) (int, error) {
	if t.ended.Load() {
		return 0, net.ErrClosed
	}
	n, err := t.Conn.Read(p)
	if n == 0 || !t.keep(p[:n]) {
		return n, err
	}
	moment := Moment{Stage: Arriving, Conn: t.link.id, Turn: int(t.link.turns.Load()) + 1}
	if ending := t.partner.ask(moment); ending != GoOn {
		t.ended.Store(true)
		t.drain()
		t.link.end(ending)
		return 0, net.ErrClosed
	}
	return n, err
}

// drain reads the rest of the request that the server will not see, so that it can be
// recorded: net/http may have asked for a single byte.
func (t *tap) drain() {
	part := make([]byte, 32<<10)
	for late := time.Now().Add(drainTime); time.Now().Before(late); {
		t.mu.Lock()
		_, _, err := parseWire(t.log)
		t.mu.Unlock()
		if err != errIncomplete {
			return
		}
		t.Conn.SetReadDeadline(late) // again each time: net/http sets its own meanwhile
		n, err := t.Conn.Read(part)
		t.keep(part[:n])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}

// keep adds to the log and says whether these are the first bytes of a request.
func (t *tap) keep(p []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return false
	}
	t.log = append(t.log, p...)
	return len(t.log) == len(p)
}

// cut takes the first request out of the log and puts it into seen, in place of what
// net/http understood.
func (t *tap) cut(seen *Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	wire, size, err := parseWire(t.log)
	if err == nil || wire.Header != nil {
		seen.Protocol, seen.Method, seen.Target = wire.Protocol, wire.Method, wire.Target
		seen.Authority, seen.Header, seen.Body = wire.Authority, wire.Header, wire.Body
	}
	if err != nil && seen.Err == "" {
		seen.Err = err.Error()
	}
	seen.Raw = bytes.Clone(t.log[:size])
	t.log = t.log[size:]
}

// stop ends the log: what comes is not HTTP/1.1 any more.
func (t *tap) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.log, t.stopped = nil, true
}

// Close records what is left in the log: a request that never became whole, or that
// net/http refused.
func (t *tap) Close() error {
	err := t.Conn.Close()
	t.mu.Lock()
	left := len(t.log) > 0 && !bytes.HasPrefix(t.log, []byte("PRI * HTTP/2.0"))
	t.mu.Unlock()
	if !left {
		return err
	}
	seen := &Request{
		Scheme:   "http",
		Conn:     t.link.id,
		Turn:     int(t.link.turns.Add(1)),
		Received: time.Now(),
	}
	if t.tls != nil {
		seen.Scheme, seen.ServerName = "https", t.tls.ServerName
	}
	t.cut(seen)
	if seen.Err == "" {
		seen.Err = "the partner did not serve the request"
	}
	t.partner.judge(seen)
	return err
}
