package signer_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// silent is a partner that never answers.
var silent = roundTripper(func(out *http.Request) (*http.Response, error) {
	<-out.Context().Done()
	return nil, out.Context().Err()
})

// took checks how long something took, on the test's own clock.
func took(t *testing.T, begin time.Time, want time.Duration) {
	t.Helper()
	if d := time.Since(begin); d != want {
		t.Errorf("it took %v, want %v", d, want)
	}
}

func TestTimeout(t *testing.T) {
	for _, test := range []struct{ method, part string }{
		{"GET", "did not answer in time; try again"},
		{"POST", "whether it carried out the call is not known"},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			p := newPartner(t, signer.Options{Steps: []signer.Step{wholeBody}})
			res, err := p.Transport(silent).RoundTrip(must(http.NewRequest(test.method, "/", strings.NewReader("{}"))))
			took(t, begin, signer.DefaultTimeout)
			wantProblem(t, res, err, signer.TooSlow, test.part)
		})
	}
}

// All attempts share one time.
func TestTimeoutOfAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := newPartner(t, signer.Options{Timeout: time.Minute, Steps: []signer.Step{wholeBody}})
		x := p.Begin()
		defer x.Close()
		req := must(http.NewRequest("POST", "/", strings.NewReader("{}")))
		refused := &net.OpError{Op: "dial", Err: errBroken}
		_, err := x.RoundTrip(req, roundTripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(40 * time.Second)
			return nil, refused
		}))
		if !errors.Is(err, refused) {
			t.Fatalf("error %v", err)
		}
		res, err := x.RoundTrip(req, silent)
		took(t, begin, time.Minute)
		wantProblem(t, res, err, signer.TooSlow, "did not answer in time")

		res, err = x.RoundTrip(req, roundTripper(func(*http.Request) (*http.Response, error) { panic("sent when the time was over") }))
		wantProblem(t, res, err, signer.TooSlow, "could not be sent again; whether it carried out the call is not known")
	})
}

func TestTimeoutWhileSigning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		slow := &step{apply: func(ctx context.Context, _ *signer.Request) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		w, body := new(wire), &watchedBody{Reader: strings.NewReader("{}")}
		res, err := newPartner(t, signer.Options{Timeout: time.Second, Steps: []signer.Step{slow}}).Transport(w).
			RoundTrip(must(http.NewRequest("POST", "/", body)))
		took(t, begin, time.Second)
		wantProblem(t, res, err, signer.TooSlow, "was not sent because it could not be signed in time")
		if len(w.sent) > 0 || !body.closed.Load() {
			t.Errorf("sent %d times, body closed: %t", len(w.sent), body.closed.Load())
		}
	})
}

// An answer that has begun may take as long as it wants.
func TestTimeoutEndsWithTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ctx context.Context
		p := newPartner(t, signer.Options{Timeout: time.Second})
		res, err := p.Transport(roundTripper(func(out *http.Request) (*http.Response, error) {
			ctx = out.Context()
			time.Sleep(time.Second - 1)
			return respond(200, "slow"), nil
		})).RoundTrip(must(http.NewRequest("GET", "/", nil)))
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Errorf("the answer was cut off: %v", context.Cause(ctx))
		}
		wantAnswer(t, res, err, 200, "slow")
		if ctx.Err() == nil {
			t.Error("the context outlives the answer")
		}
	})
}

// An answer whose context is done cannot be read.
func TestAnswerAfterTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := &watchedBody{Reader: strings.NewReader("late")}
		res, err := newPartner(t, signer.Options{Timeout: time.Second}).Transport(roundTripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second + 1)
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: answer}, nil
		})).RoundTrip(must(http.NewRequest("GET", "/", nil)))
		wantProblem(t, res, err, signer.TooSlow, "did not answer in time")
		if !answer.closed.Load() {
			t.Error("the late answer was not closed")
		}
	})
}

// While a body is streamed the time counts from its last byte, and a client
// that falls silent is no longer waited for.
func TestTimeoutOfStreamedBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		unblock := make(chan struct{})
		sent := 0
		body := readerFunc(func(buf []byte) (int, error) {
			if sent == 100 {
				<-unblock
				return 0, os.ErrDeadlineExceeded
			}
			time.Sleep(50 * time.Second)
			sent++
			return copy(buf, "x"), nil
		})
		x := newPartner(t, signer.Options{Timeout: time.Minute}).Begin()
		defer x.Close()
		x.SetReadDeadline(func(deadline time.Time) error {
			if deadline.Equal(time.Now()) {
				close(unblock)
			}
			return nil
		})
		req := must(http.NewRequest("POST", "/", body))
		res, err := x.RoundTrip(req, roundTripper(func(out *http.Request) (*http.Response, error) {
			_, err := io.Copy(io.Discard, out.Body) // as net/http: it waits for the reader
			return nil, err
		}))
		took(t, begin, 100*50*time.Second+time.Minute)
		wantProblem(t, res, err, signer.TooSlow, "")
		if sent != 100 {
			t.Errorf("%d bytes were sent", sent)
		}
	})
}

// A partner that does not take the body is too slow, too.
func TestTimeoutOfUnreadBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		res, err := newPartner(t, signer.Options{Timeout: time.Minute}).Transport(roundTripper(func(out *http.Request) (*http.Response, error) {
			defer out.Body.Close()
			time.Sleep(30 * time.Second)
			_, _ = out.Body.Read(make([]byte, 1))
			return silent(out)
		})).RoundTrip(must(http.NewRequest("POST", "/", strings.NewReader(long))))
		took(t, begin, 90*time.Second)
		wantProblem(t, res, err, signer.TooSlow, "did not answer in time")
	})
}

// A read deadline that stays set would end a server's request in the middle of
// its answer, and some servers cannot take one once their handler is gone.
func TestNoReadDeadlineIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last time.Time
		x := newPartner(t, signer.Options{Timeout: time.Minute}).Begin()
		x.SetReadDeadline(func(deadline time.Time) error { last = deadline; return nil })
		var late io.Reader
		res, err := x.RoundTrip(must(http.NewRequest("POST", "/", strings.NewReader(long))), roundTripper(func(out *http.Request) (*http.Response, error) {
			_, _ = out.Body.Read(make([]byte, 1))
			late = out.Body // net/http may read on when the answer has begun
			return respond(200, ""), nil
		}))
		wantAnswer(t, res, err, 200, "")
		if !last.IsZero() {
			t.Errorf("the read deadline is left at %v", last)
		}
		x.SetReadDeadline(func(time.Time) error { t.Error("set after the answer"); return nil })
		_, _ = io.ReadAll(late)
		time.Sleep(time.Hour)
		x.Close()
	})
}
