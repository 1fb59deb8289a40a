package signer_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

var refused = &net.OpError{Op: "dial", Err: errBroken}

// All attempts of an exchange send the body that the first has read.
func TestHeldBodyOfAllAttempts(t *testing.T) {
	memory := signer.NewMemory(0)
	x := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{wholeBody}}).Begin()
	body := &watchedBody{Reader: strings.NewReader("{}")}
	req := &http.Request{Method: "POST", URL: parse(t, "/"), Body: body, ContentLength: 2}
	if _, err := x.RoundTrip(req, roundTripper(func(*http.Request) (*http.Response, error) { return nil, refused })); err == nil {
		t.Fatal("no error")
	}
	again := &watchedBody{Reader: panicking{}}
	req.Body = again
	w := new(wire)
	res, err := x.RoundTrip(req, w)
	wantAnswer(t, res, err, 200, "")
	if w.last(t).body != "{}" || !body.closed.Load() || !again.closed.Load() || !x.BodyTaken() {
		t.Errorf("sent %q, bodies closed: %t, %t", w.last(t).body, body.closed.Load(), again.closed.Load())
	}
	wantMemory(t, memory, 2)
	x.Close()
	wantMemory(t, memory, 0)
}

// A streamed body can be sent by another attempt only if none of it was read.
func TestStreamedBodyOfAllAttempts(t *testing.T) {
	for read, sent := range map[int]bool{0: true, 1: false, 2: false} {
		x := newPartner(t, signer.Options{}).Begin()
		defer x.Close()
		x.LeaveBodyOpen()
		body := &watchedBody{Reader: strings.NewReader("{}")}
		req := &http.Request{Method: "POST", URL: parse(t, "/"), Body: body, ContentLength: -1}
		if _, err := x.RoundTrip(req, roundTripper(func(out *http.Request) (*http.Response, error) {
			_, _ = io.ReadFull(out.Body, make([]byte, read))
			_ = out.Body.Close()
			return nil, refused
		})); err == nil {
			t.Fatal("no error")
		}
		if x.BodyTaken() == sent {
			t.Errorf("%d bytes read, body taken: %t", read, x.BodyTaken())
		}
		w := new(wire)
		res, err := x.RoundTrip(req, w)
		if sent {
			wantAnswer(t, res, err, 200, "")
			if w.last(t).body != "{}" {
				t.Errorf("sent %q", w.last(t).body)
			}
		} else {
			wantProblem(t, res, err, signer.PartnerFailed, "cannot be sent a second time; whether it carried out")
		}
		if body.closed.Load() || len(w.sent) > 0 != sent {
			t.Errorf("sent %d times, body closed: %t", len(w.sent), body.closed.Load())
		}
	}
}

// A body that was read for another exchange is missing, and must not be left out.
func TestBodyTakenByOthers(t *testing.T) {
	for _, step := range []signer.Step{wholeBody, new(step)} {
		earlier := newPartner(t, signer.Options{}).Begin()
		must(earlier.RoundTrip(must(http.NewRequest("POST", "/", strings.NewReader(long))), new(wire)))
		earlier.Close()
		x := newPartner(t, signer.Options{Steps: []signer.Step{step}}).Begin()
		x.Follow(earlier)
		w := new(wire)
		res, err := x.RoundTrip(must(http.NewRequest("POST", "/", panicking{})), w)
		wantProblem(t, res, err, signer.BodyUnusable, "cannot be sent again")
		res, err = x.RoundTrip(must(http.NewRequest("GET", "/", nil)), w)
		wantAnswer(t, res, err, 200, "")
		x.Close()
	}
}

// A body that has reached nobody, and is still there, is sent to another partner.
func TestBodyOfTheExchangeBefore(t *testing.T) {
	field := must(signer.NewJSONField(signer.JSONFieldOptions{Pointer: "/a", Value: fixed("b")}))
	for _, test := range []struct {
		name   string
		length int
		step   signer.Step
		base   http.RoundTripper
		max    int64
		free   int64
		again  bool
	}{
		{name: "small", length: 10, base: failing(refused), again: true},
		{name: "held", length: 32 << 10, step: wholeBody, base: failing(refused), again: true},
		{name: "in a buffer", length: 32<<10 + 1, step: wholeBody, base: failing(refused)},
		{name: "answered", length: 10, base: new(wire)},
		{name: "unknown whether", length: 10, base: failing(io.ErrUnexpectedEOF)},
		{name: "edited", length: 10, step: field, base: failing(refused)},
		{name: "longer than max_body", length: 10, base: failing(refused), max: 9},
		{name: "without memory", length: 10, base: failing(refused), free: 9},
	} {
		body := "{" + strings.Repeat(" ", test.length-2) + "}"
		steps := []signer.Step{new(step)}
		if test.step != nil {
			steps[0] = test.step
		}
		earlier := newPartner(t, signer.Options{Steps: steps}).Begin()
		req := must(http.NewRequest("POST", "/", strings.NewReader(body)))
		req.Header.Set("Content-Type", "application/json")
		_, _ = earlier.RoundTrip(req, test.base)
		earlier.Close()

		memory := signer.NewMemory(test.free)
		x := newPartner(t, signer.Options{MaxBody: test.max, Memory: memory}).Begin()
		x.Follow(earlier)
		w := new(wire)
		res, err := x.RoundTrip(must(http.NewRequest("POST", "/", panicking{})), w)
		if test.again {
			wantAnswer(t, res, err, 200, "")
			wantMemory(t, memory, int64(test.length))
			if got := w.last(t).body; got != body {
				t.Errorf("%s: sent %q", test.name, got)
			}
		} else {
			wantProblem(t, res, err, signer.BodyUnusable, "cannot be sent again")
		}
		x.Close()
		wantMemory(t, memory, 0)
	}
}

func failing(err error) http.RoundTripper {
	return roundTripper(func(out *http.Request) (*http.Response, error) {
		_ = out.Body.Close()
		return nil, err
	})
}

// Servers close their clients' bodies themselves.
func TestBodyIsLeftOpen(t *testing.T) {
	broken := &step{apply: func(context.Context, *signer.Request) error { return errBroken }}
	for _, o := range []signer.Options{
		{}, {Steps: []signer.Step{wholeBody}}, {Steps: []signer.Step{broken}}, {Rules: signer.Rules{Allow: rules("GET /")}},
	} {
		x := newPartner(t, o).Begin()
		x.LeaveBodyOpen()
		body := &watchedBody{Reader: strings.NewReader("{}")}
		if _, err := x.RoundTrip(must(http.NewRequest("POST", "/", body)), new(wire)); err != nil || body.closed.Load() {
			t.Errorf("%+v: %v, body closed: %t", o, err, body.closed.Load())
		}
		x.Close()
	}
}

// A body that was read in part is gone: another attempt must not take the rest
// for the whole. Servers leave the body open to the last attempt.
func TestHalfReadBodyIsNotReadOn(t *testing.T) {
	for _, length := range []int64{12 << 10, -1} {
		memory, w := signer.NewMemory(0), new(wire)
		x := newPartner(t, signer.Options{Memory: memory, Steps: []signer.Step{wholeBody}}).Begin()
		x.LeaveBodyOpen()
		body := &watchedBody{Reader: &outgrows{strings.NewReader(strings.Repeat("x", 10<<10)), memory, 10 << 10}}
		req := &http.Request{Method: "PUT", URL: parse(t, "/"), Body: body, ContentLength: length}
		res, err := x.RoundTrip(req, w)
		if err != nil || res.StatusCode < 400 {
			t.Fatalf("status %d, %v", res.StatusCode, err)
		}
		memory.SetLimit(0)
		req.Body = &watchedBody{Reader: body.Reader}
		res, err = x.RoundTrip(req, w)
		wantProblem(t, res, err, signer.BodyUnusable, "cannot be sent again")
		if len(w.sent) > 0 || body.closed.Load() {
			t.Errorf("sent %d times, body closed: %t", len(w.sent), body.closed.Load())
		}
		x.Close()
	}
}
