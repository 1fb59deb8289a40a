package signer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"
)

// holding begins an exchange that holds a body in a buffer while base runs.
func holding(t *testing.T, base roundTripFunc, steps ...Step) (x *Exchange) {
	t.Helper()
	upstream, _ := ParseUpstream("https://partner.example")
	p, err := New(Options{Upstream: upstream, Steps: append(steps, wholeBodyStep{})})
	if err != nil {
		t.Fatal(err)
	}
	x = p.Begin()
	req, _ := http.NewRequest("POST", "/", bytes.NewReader(make([]byte, bufferLength)))
	if res, err := x.RoundTrip(req, base); err == nil && res.StatusCode != 200 {
		t.Fatalf("status %d", res.StatusCode)
	}
	return x
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func answer200(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
}

// A wholeBodyStep needs the body, and does what it is told.
type wholeBodyStep struct{ apply func(*Request) }

func (wholeBodyStep) Phase() Phase            { return PhaseBody }
func (wholeBodyStep) Owns() []string          { return nil }
func (wholeBodyStep) NeedsBody(*Request) bool { return true }
func (s wholeBodyStep) Apply(_ context.Context, r *Request) error {
	if s.apply != nil {
		s.apply(r)
	}
	return nil
}

// A buffer serves others when its exchange, its attempt and all its readers are done,
// whichever is the last, and no earlier.
func TestBufferIsUsedAgain(t *testing.T) {
	again := 0
	for range 20 { // see usedAgain
		var reader io.ReadCloser
		x := holding(t, func(out *http.Request) (*http.Response, error) {
			reader = out.Body
			return answer200(out)
		})
		b, data := x.body.buffer, &x.body.buffer.data[0]
		if usedAgain(t, bufferLength, data) {
			t.Fatal("while the exchange goes on")
		}
		x.Close()
		x.Close()
		if n := b.users.Load(); n != 1 || usedAgain(t, bufferLength, data) {
			t.Fatalf("while a reader is open: %d users", n)
		}
		if n, err := reader.Read(make([]byte, 10)); n != 10 || err != nil {
			t.Fatalf("an open reader: %d bytes, %v", n, err)
		}
		for range 3 {
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := reader.Read(make([]byte, 10)); n != 0 || !errors.Is(err, errClosed) {
			t.Fatalf("a closed reader: %d bytes, %v", n, err)
		}
		if usedAgain(t, bufferLength, data) {
			again++
		}
		x.Close()
	}
	if again == 0 {
		t.Error("never")
	}
}

// Close during an attempt leaves the body to it: its steps may look at it, and further
// tries read it.
func TestBufferOutlivesCloseDuringAttempt(t *testing.T) {
	again := 0
	for range 20 {
		var b *buffer
		var data *byte
		x := holding(t, func(out *http.Request) (*http.Response, error) {
			_ = out.Body.Close()
			if n := b.users.Load(); n != 1 || usedAgain(t, bufferLength, data) {
				t.Fatalf("while it is sent: %d users", n)
			}
			return answer200(out)
		}, wholeBodyStep{func(r *Request) {
			b, data = r.Body.buffer, &r.Body.Bytes()[0]
			done := make(chan struct{})
			go func() { r.exchange.Close(); close(done) }()
			<-done
			if usedAgain(t, bufferLength, data) {
				t.Fatal("while it is signed")
			}
		}})
		if usedAgain(t, bufferLength, data) {
			again++
		}
		if x.body != nil || !x.BodyTaken() {
			t.Fatal("the next attempt would send it")
		}
		req, _ := http.NewRequest("POST", "/", iotest.ErrReader(errors.New("read again")))
		res, err := x.RoundTrip(req, roundTripFunc(func(*http.Request) (*http.Response, error) { panic("sent") }))
		if err != nil || res.StatusCode < 400 {
			t.Fatalf("the next attempt: %v, %v", res, err)
		}
	}
	if again == 0 {
		t.Error("never when it was over")
	}
}

// What is forgotten, kept, or left by an edit serves nobody else, and stays readable.
func TestBufferIsNotUsedAgain(t *testing.T) {
	for name, apply := range map[string]func(*Request){
		"forgotten": func(*Request) {},
		"kept":      func(r *Request) { r.Body.Keep() },
		"edited":    func(r *Request) { _ = r.InsertBody(0, []byte("x")) },
	} {
		var data *byte
		x := holding(t, func(out *http.Request) (*http.Response, error) {
			if name != "forgotten" {
				_ = out.Body.Close()
			}
			return answer200(out)
		}, wholeBodyStep{func(r *Request) {
			data = &r.Body.Bytes()[0]
			apply(r)
		}})
		x.Close()
		if usedAgain(t, bufferLength, data) {
			t.Errorf("%s: another body got the memory", name)
		}
	}
}
