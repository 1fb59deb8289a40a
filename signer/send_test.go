package signer_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// received is what partners have seen of requests: on the wire, and not in
// some layer above it.
type received struct {
	mu                    sync.Mutex
	methods, stamps, keys []string
}

func (r *received) add(method, stamp, key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.methods, r.stamps, r.keys = append(r.methods, method), append(r.stamps, stamp), append(r.keys, key)
}

// want checks how often a request was seen after the first, which only opened
// the connection: each time newly signed, each time with the same key.
func (r *received) want(t *testing.T, method string, times int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.stamps) != 1+times || slices.Contains(r.stamps, "") {
		t.Errorf("signed as %q, want %d requests", r.stamps, 1+times)
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(r.stamps))); len(distinct) != len(r.stamps) {
		t.Errorf("sent twice with the same signature: %q", r.stamps)
	}
	if sent := r.methods[1:]; slices.ContainsFunc(sent, func(m string) bool { return m != method }) {
		t.Errorf("methods %q, want %s", sent, method)
	}
	if keys := r.keys[1:]; len(slices.Compact(slices.Clone(keys))) > 1 {
		t.Errorf("keys %q", keys)
	}
}

// A restless partner answers the first request of its first connection, and
// loses the connection over the second; all other connections are sound, and
// all are when lose is nil.
func restless(t *testing.T, lose func(net.Conn)) (*received, net.Addr) {
	var seen received
	var conns atomic.Int32
	return &seen, listen(t, func(conn net.Conn) {
		first, reader := conns.Add(1) == 1, bufio.NewReader(conn)
		for n := 1; ; n++ {
			req, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			seen.add(req.Method, req.Header.Get("Stamp"), req.Header.Get("Idempotency-Key"))
			if first && n == 2 && lose != nil {
				lose(conn)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
}

var losses = map[string]func(net.Conn){
	"closed": func(net.Conn) {},
	"reset":  func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) },
}

// A connection that had been idle may be dead, and the request lost with it.
// It is sent again, once, newly signed, if that is safe.
func TestStaleConnection(t *testing.T) {
	const streamed = " / HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n"
	key := func() signer.Step { return must(signer.NewIdempotency(signer.IdempotencyOptions{})) }
	for _, test := range []struct {
		name, raw string
		steps     []signer.Step
		again     bool
	}{
		{"GET", "GET / HTTP/1.1\nHost: localhost", nil, true},
		{"HEAD", "HEAD / HTTP/1.1\nHost: localhost", nil, true},
		{"OPTIONS", "OPTIONS / HTTP/1.1\nHost: localhost", nil, true},
		{"GET with a body", "GET / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", []signer.Step{wholeBody}, true},
		{"GET with a small body", "GET / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", nil, true},
		{"GET, streamed", "GET" + streamed, nil, false},
		{"POST", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", []signer.Step{wholeBody}, false},
		{"POST without a body", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 0", nil, false},
		{"DELETE", "DELETE / HTTP/1.1\nHost: localhost", nil, false},
		{"PUT with a small body", "PUT / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", nil, false},
		{"PUT, streamed", "PUT" + streamed, nil, false},
		{"POST with a key", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", []signer.Step{wholeBody, key()}, true},
		{"POST with a key, without a body", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 0", []signer.Step{key()}, true},
		{"POST with a key and a small body", "POST / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}", []signer.Step{key()}, true},
		{"POST with a key, streamed", "POST" + streamed, []signer.Step{key()}, false},
		{"POST with the client's key", "POST / HTTP/1.1\nHost: localhost\nIdempotency-Key: k\nContent-Length: 2\n\n{}", []signer.Step{wholeBody}, true},
		{"DELETE with the client's key", "DELETE / HTTP/1.1\nHost: localhost\nIdempotency-Key: k", nil, true},
		{"DELETE with another key", "DELETE / HTTP/1.1\nHost: localhost\nX-Idempotency-Key: k", nil, true},
	} {
		for loss, lose := range losses {
			t.Run(test.name+", "+loss, func(t *testing.T) {
				noLeaks(t)
				seen, address := restless(t, lose)
				var records []signer.Record
				p := newPartner(t, signer.Options{
					Upstream: must(signer.ParseUpstream("http://localhost")), Steps: append(test.steps, newStamp()),
					Observe: func(r *signer.Record) { records = append(records, *r) },
				})
				transport := p.Transport(newBase(t, versions[0], nil, address.String()))
				res, err := transport.RoundTrip(request(t, "GET / HTTP/1.1\nHost: localhost"))
				wantAnswer(t, res, err, 204, "")

				method, _, _ := strings.Cut(test.raw, " ")
				res, err = transport.RoundTrip(request(t, test.raw))
				if test.again {
					wantAnswer(t, res, err, 204, "")
					seen.want(t, method, 2)
				} else {
					wantProblem(t, res, err, signer.PartnerFailed, "the connection ended before the partner answered")
					seen.want(t, method, 1)
				}
				if sent := records[1].Attempts; sent != len(seen.stamps)-1 {
					t.Errorf("%d attempts are told", sent)
				}
			})
		}
	}
}

// An answer that has begun may be to a call that was carried out.
func TestNoResendAfterTheFirstByte(t *testing.T) {
	noLeaks(t)
	seen, address := restless(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 2") })
	p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream("http://localhost")), Steps: []signer.Step{newStamp()}})
	transport := p.Transport(newBase(t, versions[0], nil, address.String()))
	res, err := transport.RoundTrip(must(http.NewRequest("GET", "/", nil)))
	wantAnswer(t, res, err, 204, "")
	res, err = transport.RoundTrip(must(http.NewRequest("GET", "/", nil)))
	wantProblem(t, res, err, signer.PartnerFailed, "")
	seen.want(t, "GET", 1)
}

// A slow partner is not a dead connection.
func TestNoResendAfterTimeout(t *testing.T) {
	noLeaks(t)
	released := make(chan struct{})
	_, address := restless(t, func(net.Conn) { <-released })
	attempts := 0
	p := newPartner(t, signer.Options{
		Upstream: must(signer.ParseUpstream("http://localhost")), Observe: func(r *signer.Record) { attempts += r.Attempts },
	})
	base := newBase(t, versions[0], nil, address.String())
	res, err := p.Transport(base).RoundTrip(must(http.NewRequest("GET", "/", nil)))
	wantAnswer(t, res, err, 204, "")
	base.ResponseHeaderTimeout = 1 // of the connection that is there, too
	res, err = p.Transport(base).RoundTrip(must(http.NewRequest("GET", "/", nil)))
	wantProblem(t, res, err, signer.TooSlow, "did not answer in time")
	close(released)
	if attempts != 2 {
		t.Errorf("%d attempts at two requests", attempts)
	}
}

// A broken connection is one that does not write any more.
type brokenConn struct {
	net.Conn
	broken *atomic.Bool
}

func (c brokenConn) Write(b []byte) (int, error) {
	if c.broken.CompareAndSwap(true, false) {
		_ = c.Close()
		return 0, errors.New("broken pipe")
	}
	return c.Conn.Write(b)
}

// When nothing was written the partner sees one request, whoever sends it.
func TestConnectionThatDoesNotWrite(t *testing.T) {
	for _, raw := range []string{
		"GET / HTTP/1.1\nHost: localhost",
		"DELETE / HTTP/1.1\nHost: localhost",
		"POST / HTTP/1.1\nHost: localhost\nContent-Length: 0",
		"POST / HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}",
		"POST / HTTP/1.1\nHost: localhost\nIdempotency-Key: k\nContent-Length: 2\n\n{}",
	} {
		t.Run(strings.ReplaceAll(raw, "\n", " "), func(t *testing.T) {
			noLeaks(t)
			seen, address := restless(t, nil)
			base := newBase(t, versions[0], nil, "")
			var broken atomic.Bool
			base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address.String())
				return brokenConn{conn, &broken}, err
			}
			p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream("http://localhost")), Steps: []signer.Step{wholeBody, newStamp()}})
			res, err := p.Transport(base).RoundTrip(must(http.NewRequest("GET", "/", nil)))
			wantAnswer(t, res, err, 204, "")
			broken.Store(true)
			res, err = p.Transport(base).RoundTrip(request(t, raw))
			method, _, _ := strings.Cut(raw, " ")
			wantAnswer(t, res, err, 204, "")
			seen.want(t, method, 1)
		})
	}
}
