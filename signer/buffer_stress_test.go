package signer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// own is the body of one request: each of its bytes comes from the request's id.
type own struct {
	id      uint64
	pattern []byte
	at      int
	mixed   bool // with another's, which was said
}

func newOwn(id uint64) *own {
	o := &own{id: id, pattern: make([]byte, 1<<10+8)}
	for i := range o.pattern {
		o.pattern[i] = byte(id * 0x9E3779B97F4A7C15 >> (i % 8 * 8))
	}
	return o
}

// ownOf is the body of the request with these headers.
func ownOf(h http.Header) *own { return newOwn(must(strconv.ParseUint(h.Get("Id"), 10, 64))) }

// Read never ends.
func (o *own) Read(buf []byte) (int, error) {
	n := copy(buf, o.pattern[o.at%8:][:1<<10])
	o.at += n
	return n, nil
}

// check looks at the bytes that follow.
func (o *own) check(t *testing.T, where string, data []byte) {
	for len(data) > 0 && !o.mixed {
		n := min(len(data), 1<<10)
		if o.mixed = !bytes.Equal(data[:n], o.pattern[o.at%8:][:n]); o.mixed {
			t.Errorf("%s: request %d has bytes of another one at %d", where, o.id, o.at)
		}
		o.at, data = o.at+n, data[n:]
	}
}

// A checkedBody is a body that net/http takes its time to read and to close, twice.
type checkedBody struct {
	io.ReadCloser
	t   *testing.T
	own *own
}

func (b *checkedBody) Read(buf []byte) (int, error) {
	dawdle()
	n, err := b.ReadCloser.Read(buf)
	b.own.check(b.t, "the transport", buf[:n])
	return n, err
}

func (b *checkedBody) Close() error {
	time.Sleep(rand.N(2 * time.Millisecond)) // while it is read on
	_ = b.ReadCloser.Close()
	dawdle()
	return b.ReadCloser.Close()
}

// dawdle lets others go first.
func dawdle() {
	if rand.N(3) == 0 {
		time.Sleep(rand.N(time.Millisecond))
	} else {
		runtime.Gosched()
	}
}

// A capricious partner answers early, hangs up, takes some of a body, all of it, or
// what is left of it when it has answered.
func capricious(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := ownOf(r.Header)
		take := func(most int) error {
			buf := make([]byte, 16<<10)
			for end := own.at + most; own.at < end; {
				n, err := r.Body.Read(buf)
				if own.check(t, "the partner", buf[:n]); err != nil {
					return err
				}
			}
			return nil
		}
		half := rand.N(1 << 19)
		switch rand.N(8) {
		case 0:
			w.WriteHeader(503) // and again, with the same body
		case 1:
			w.WriteHeader(200)
		case 2:
			_ = take(half)
			panic(http.ErrAbortHandler)
		case 3:
			_ = take(half)
			w.WriteHeader(200)
		case 4, 5:
			control := http.NewResponseController(w)
			_ = control.EnableFullDuplex() // HTTP/2 always is
			w.WriteHeader(200)
			_ = control.Flush()
			_ = take(2 << 20)
		default:
			size, _ := strconv.Atoi(r.Header.Get("Size"))
			if err := take(2 << 20); err == io.EOF && own.at != size {
				t.Errorf("request %d has %d bytes, want %d", own.id, own.at, size)
			}
		}
	})
}

// serveClients is a server whose requests go to partners. Their exchanges end with
// them, when their client leaves, or while the answer comes.
func serveClients(t *testing.T, partners []*signer.Partner, bases []http.RoundTripper) *httptest.Server {
	checked := roundTripper(func(out *http.Request) (*http.Response, error) {
		sent := *out
		sent.Body = &checkedBody{out.Body, t, ownOf(out.Header)}
		return bases[rand.N(len(bases))].RoundTrip(&sent)
	})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := partners[rand.N(len(partners))].Begin()
		defer x.Close()
		x.LeaveBodyOpen()
		x.SetReadDeadline(http.NewResponseController(w).SetReadDeadline)
		defer context.AfterFunc(r.Context(), x.Close)()
		if rand.N(8) == 0 {
			defer time.AfterFunc(rand.N(5*time.Millisecond), x.Close).Stop()
		}
		res, err := x.RoundTrip(r, checked)
		if err != nil {
			w.WriteHeader(499)
			return
		}
		defer res.Body.Close()
		if rand.N(2) == 0 {
			x.Close()
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
	server.Config.ErrorLog = quiet
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// Whatever clients and partners do, and whenever, a partner gets the bytes of the one
// client only whose request it is.
func TestBuffersAmongManyClients(t *testing.T) {
	noLeaks(t)
	var bases []http.RoundTripper
	for _, version := range versions {
		server := httptest.NewUnstartedServer(capricious(t))
		server.EnableHTTP2 = version != versions[0]
		server.Config.ErrorLog = quiet
		server.StartTLS()
		t.Cleanup(server.Close)
		bases = append(bases, newBase(t, version, server.Certificate(), server.Listener.Addr().String()))
	}
	look := &step{needsBody: true, apply: func(_ context.Context, r *signer.Request) error {
		for range 2 {
			ownOf(r.Header).check(t, "a step", r.Body.Bytes())
			dawdle()
		}
		return nil
	}}
	memory := signer.NewMemory(0)
	var partners []*signer.Partner
	for _, timeout := range []time.Duration{0, 0, 0, 5 * time.Millisecond} {
		partners = append(partners, newPartner(t, signer.Options{
			Upstream: example, Memory: memory, Timeout: timeout, Steps: []signer.Step{look},
			Retries: []signer.Retry{{Status: []int{503}, MinBackoff: 1, MaxBackoff: time.Millisecond}},
		}))
	}
	server := serveClients(t, partners, bases)
	end := time.Now().Add(1200 * time.Millisecond)
	var ids atomic.Uint64
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for time.Now().Before(end) {
				if err := visit(t, server, ids.Add(1)); errors.Is(err, context.DeadlineExceeded) {
					t.Error("a request hangs")
				}
			}
		})
	}
	clients.Wait()
	server.Close() // which waits for its handlers
	wantMemory(t, memory, 0)
	t.Logf("%d requests", ids.Load())
}

// visit sends a body of 2 KiB to 1 MiB, often one of 256 KiB, for which there are used
// buffers. It may leave before its end.
func visit(t *testing.T, server *httptest.Server, id uint64) error {
	ctx, leave := context.WithTimeout(t.Context(), 30*time.Second)
	defer leave()
	size := 4<<10<<max(rand.N(9), rand.N(2)*6) - rand.N(2<<10)
	var body io.Reader = io.LimitReader(newOwn(id), int64(size))
	if rand.N(6) == 0 {
		body = io.MultiReader(io.LimitReader(newOwn(id), int64(rand.N(size))&^7), readerFunc(func([]byte) (int, error) {
			leave()
			return 0, ctx.Err()
		}))
	}
	if rand.N(6) == 0 {
		defer time.AfterFunc(rand.N(5*time.Millisecond), leave).Stop()
	}
	req := must(http.NewRequestWithContext(ctx, "POST", server.URL, io.NopCloser(body)))
	if rand.N(2) == 0 {
		req.ContentLength = int64(size)
	}
	req.Header.Set("Id", fmt.Sprint(id))
	req.Header.Set("Size", fmt.Sprint(size))
	res, err := server.Client().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
