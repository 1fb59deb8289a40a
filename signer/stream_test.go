package signer_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/partnersign/partnersign/signer"
)

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(buf []byte) (int, error) { clear(buf); return len(buf), nil }

// A body that no step needs goes through at any size, and nothing is held.
func TestStreamedBody(t *testing.T) {
	const size = 1 << 30
	memory := signer.NewMemory(1)
	p := newPartner(t, signer.Options{Memory: memory, MaxBody: 1, Steps: []signer.Step{newStamp()}})
	for _, length := range []int64{size, -1} {
		var before, after runtime.MemStats
		body := &watchedBody{Reader: io.LimitReader(zeros{}, size)}
		req := &http.Request{Method: "PUT", URL: parse(t, "/"), Body: body, ContentLength: length}
		runtime.ReadMemStats(&before)
		res, err := p.Transport(roundTripper(func(out *http.Request) (*http.Response, error) {
			defer out.Body.Close()
			n, err := io.Copy(io.Discard, out.Body)
			if n != size || err != nil || out.ContentLength != length || out.GetBody != nil {
				t.Errorf("%d bytes arrived, %v; length %d", n, err, out.ContentLength)
			}
			return respond(200, ""), nil
		})).RoundTrip(req)
		runtime.ReadMemStats(&after)
		wantAnswer(t, res, err, 200, "")
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%d bytes were allocated", took)
		}
		if !body.closed.Load() {
			t.Error("the body was not closed")
		}
	}
}

// What ends a streamed body tells the client what was wrong with it.
func TestBrokenStreamedBody(t *testing.T) {
	noLeaks(t)
	received := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		received <- err
	}))
	defer server.Close()
	p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream(server.URL))})
	for _, length := range []int64{5000, -1} {
		body := io.MultiReader(strings.NewReader("bro"), iotest.ErrReader(errBroken))
		res, err := post(p, server.Client().Transport, length, body)
		wantProblem(t, res, err, signer.InvalidRequest, "could not be read to its end")
		if <-received == nil {
			t.Error("the partner saw a complete request")
		}
	}
}

// An http.Request announces trailers before its body, or has them after it.
func TestTrailersAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		step *step
		raw  string
		sent int
	}{
		{"announced", wholeBody, "Trailer: X-Sum\n\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", 0},
		{"announced, streamed", new(step), "Trailer: X-Sum\n\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", 0},
		{"not announced", wholeBody, "\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", 0},
		{"not announced, streamed", new(step), "\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", 1},
		{"not announced, streamed, at once", new(step), "\n0\r\nX-Sum: 1\r\n\r\n", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			memory, sent := signer.NewMemory(0), 0
			p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{test.step}})
			req := request(t, "POST / HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n"+test.raw)
			res, err := p.Transport(roundTripper(func(out *http.Request) (*http.Response, error) {
				sent++
				if _, err := io.Copy(io.Discard, out.Body); err != nil {
					return nil, fmt.Errorf("the request is cut off: %w", err)
				}
				return respond(200, ""), nil
			})).RoundTrip(req)
			wantProblem(t, res, err, signer.InvalidRequest, "trailers")
			wantMemory(t, memory, 0)
			if sent != test.sent {
				t.Errorf("sent %d times, want %d", sent, test.sent)
			}
		})
	}
}

// A small body is held even if no step needs it, unless there is no memory for it.
func TestSmallBodyIsHeld(t *testing.T) {
	for _, test := range []struct {
		name         string
		length, free int64
		max          int64
		held         bool
	}{
		{"small", 4096, 4096, 0, true},
		{"longer", 4097, 1 << 20, 0, false},
		{"without memory", 100, 99, 0, false},
		{"beyond max_body", 100, 1 << 20, 99, false},
		{"of unknown length", -1, 1 << 20, 0, false},
	} {
		memory := signer.NewMemory(test.free)
		p := newPartner(t, signer.Options{Memory: memory, MaxBody: test.max})
		size := test.length
		if size < 0 {
			size = 100
		}
		content := strings.Repeat("x", int(size))
		x := p.Begin()
		req := &http.Request{Method: "POST", URL: parse(t, "/"), Body: io.NopCloser(strings.NewReader(content)), ContentLength: test.length}
		res, err := x.RoundTrip(req, roundTripper(func(out *http.Request) (*http.Response, error) {
			if held := out.GetBody != nil; held != test.held {
				t.Errorf("%s: held %v", test.name, held)
			}
			if got := must(io.ReadAll(out.Body)); string(got) != content || out.ContentLength != test.length {
				t.Errorf("%s: %d bytes, length %d", test.name, len(got), out.ContentLength)
			}
			return respond(200, ""), nil
		}))
		wantAnswer(t, res, err, 200, "")
		x.Close()
		wantMemory(t, memory, 0)
	}
}
