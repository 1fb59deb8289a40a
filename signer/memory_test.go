package signer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/partnersign/partnersign/signer"
)

// Whatever becomes of a request, its memory is held until then and given back.
func TestMemoryIsGivenBack(t *testing.T) {
	const size = 100 << 10
	memory := signer.NewMemory(0)
	sign := func(err error) *step {
		return &step{needsBody: true, apply: func(context.Context, *signer.Request) error { return err }}
	}
	answers := new(wire)
	fails := &wire{answer: func(*http.Request) (*http.Response, error) { return nil, errBroken }}
	panics := roundTripper(func(*http.Request) (*http.Response, error) { panic("base") })
	whole := func() io.Reader { return bytes.NewReader(make([]byte, size)) }
	half := func(then io.Reader) io.Reader { return io.MultiReader(bytes.NewReader(make([]byte, size/2)), then) }
	for _, test := range []struct {
		name   string
		length int64
		body   io.Reader
		step   *step
		base   http.RoundTripper
		leaves bool
		status int // 0: an error, -1: a panic
	}{
		{"answered", size, whole(), sign(nil), answers, false, 200},
		{"answered, of unknown length", -1, whole(), sign(nil), answers, false, 200},
		{"base fails", size, whole(), sign(nil), fails, false, 502},
		{"base panics", size, whole(), sign(nil), panics, false, -1},
		{"signing fails", -1, whole(), sign(errBroken), answers, false, 503},
		{"a step refuses", -1, whole(), sign(signer.BodyUnusable.Problem("no")), answers, false, 415},
		{"the reader breaks", size, half(iotest.ErrReader(errBroken)), sign(nil), answers, false, 400},
		{"the reader panics", -1, half(panicking{}), sign(nil), answers, false, -1},
		{"the client leaves half way", -1, half(iotest.ErrReader(errBroken)), sign(nil), answers, true, 0},
		{"too large", -1, io.MultiReader(whole(), whole(), whole()), sign(nil), answers, false, 413},
		{"too large, as announced", 3 * size, whole(), sign(nil), answers, false, 413},
		{"too short", size + 1, whole(), sign(nil), answers, false, 400},
		{"too long", size - 1, whole(), sign(nil), answers, false, 400},
		{"out of memory", -1, &outgrows{whole(), memory, size}, sign(nil), answers, false, 503},
	} {
		t.Run(test.name, func(t *testing.T) {
			memory.SetLimit(3 * size)
			p := newPartner(t, signer.Options{Memory: memory, MaxBody: 128 << 10, Steps: []signer.Step{test.step}})
			base := roundTripper(func(out *http.Request) (*http.Response, error) {
				if memory.Used() < size || memory.Used() > memory.Limit() {
					t.Errorf("%d bytes are used while a body is sent", memory.Used())
				}
				return test.base.RoundTrip(out)
			})
			status := func() (status int) {
				defer func() {
					if recover() != nil {
						status = -1
					}
				}()
				ctx, cancel := context.WithCancel(t.Context())
				if test.leaves {
					test.body = io.MultiReader(test.body, readerFunc(func([]byte) (int, error) { panic("read on") }))
					cancel()
				}
				defer cancel()
				req := must(http.NewRequestWithContext(ctx, "POST", "/", nil))
				req.Body, req.ContentLength = io.NopCloser(test.body), test.length
				res, err := p.Transport(base).RoundTrip(req)
				if err != nil {
					return 0
				}
				if _, err := io.Copy(io.Discard, res.Body); err != nil {
					t.Error(err)
				}
				_ = res.Body.Close()
				return res.StatusCode
			}()
			if status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			wantMemory(t, memory, 0)
		})
	}
}

// outgrows makes the memory too small while the body is read.
type outgrows struct {
	io.Reader
	memory *signer.Memory
	limit  int64
}

func (r *outgrows) Read(buf []byte) (int, error) {
	r.memory.SetLimit(r.limit)
	return r.Reader.Read(buf)
}

// What does not fit is refused at once, before anything of it is read.
func TestMemoryExhausted(t *testing.T) {
	memory := signer.NewMemory(10 << 10)
	p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{wholeBody}})
	held, err := post(p, new(wire), 6<<10, strings.NewReader(strings.Repeat("x", 6<<10)))
	if err != nil {
		t.Fatal(err)
	}
	wantMemory(t, memory, 6<<10)

	res, err := post(p, new(wire), 5<<10, panicking{})
	if res.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
	}
	wantProblem(t, res, err, signer.MemoryExhausted, "try again")
	wantMemory(t, memory, 6<<10)

	// A body of unknown length is refused when it would outgrow what is left,
	// for its copy and itself.
	res, err = post(p, new(wire), -1, strings.NewReader(strings.Repeat("x", 4097)))
	wantProblem(t, res, err, signer.MemoryExhausted, "try again")
	wantMemory(t, memory, 6<<10)
	res, err = post(p, new(wire), -1, strings.NewReader(strings.Repeat("x", 4096)))
	wantAnswer(t, res, err, 200, "")

	memory.SetLimit(12 << 10)
	res, err = post(p, new(wire), 5<<10, strings.NewReader(strings.Repeat("x", 5<<10)))
	wantAnswer(t, res, err, 200, "")

	wantAnswer(t, held, nil, 200, "")
	wantMemory(t, memory, 0)
	if d := signer.NewMemory(0).Limit(); d != signer.DefaultBodyMemory {
		t.Errorf("the default limit is %d", d)
	}
}

// A client that announces much and sends little holds little: the memory is
// taken when the body has begun to arrive.
func TestMemoryIsTakenOnArrival(t *testing.T) {
	const size = 1 << 20
	memory := signer.NewMemory(size)
	p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{wholeBody}})
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		res, err := post(p, new(wire), size, reader)
		if err == nil {
			err = res.Body.Close()
		}
		done <- err
	}()
	body := make([]byte, size)
	for _, part := range []struct{ sent, held int64 }{{0, 4 << 10}, {100, 4 << 10}, {4 << 10, 4 << 10}, {4<<10 + 1, size}} {
		n := int64(len(body)) - (size - part.sent)
		if _, err := writer.Write(body[:n]); err != nil {
			t.Fatal(err)
		}
		body = body[n:]
		if _, err := writer.Write(nil); err != nil { // until the part is read
			t.Fatal(err)
		}
		wantMemory(t, memory, part.held)
	}
	if _, err := writer.Write(body); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	wantMemory(t, memory, 0)
}

// A body that no step needs takes no memory, and neither does a request without.
func TestMemoryOfNoBody(t *testing.T) {
	memory := signer.NewMemory(1)
	res, err := post(newPartner(t, signer.Options{Memory: memory}), new(wire), -1, strings.NewReader("streamed"))
	wantAnswer(t, res, err, 200, "")
	p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{wholeBody}})
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		w := new(wire)
		res, err = p.Transport(w).RoundTrip(&http.Request{Method: "POST", URL: parse(t, "/"), Body: body})
		wantAnswer(t, res, err, 200, "")
		if out := w.last(t).out; out.Body != http.NoBody || out.ContentLength != 0 {
			t.Errorf("body %v of length %d", out.Body, out.ContentLength)
		}
	}
}

// Close may come at any time and from anywhere: as soon as a client has left.
func TestCloseWhileReading(t *testing.T) {
	memory := signer.NewMemory(0)
	p := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{wholeBody}})
	for _, at := range []int{0, 1, 4096, 4097, 20_000} {
		x, read := p.Begin(), 0
		body := readerFunc(func(buf []byte) (int, error) {
			if read == at {
				done := make(chan struct{})
				go func() { x.Close(); close(done) }()
				<-done
			}
			if read == 20_000 {
				return 0, io.EOF
			}
			read++
			return copy(buf, "x"), nil
		})
		_, err := x.RoundTrip(must(http.NewRequest("POST", "/", body)), roundTripper(func(out *http.Request) (*http.Response, error) {
			return nil, out.Context().Err()
		}))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("closed after %d bytes: error %v", at, err)
		}
		wantMemory(t, memory, 0)
	}
}
