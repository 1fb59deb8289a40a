package signer_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A time that is over while a step looks elsewhere ends what is sent then, also if that
// goes on when the client leaves.
func TestTimeoutBeforeItIsSent(t *testing.T) {
	for _, detached := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			slow := &step{needsBody: true, apply: func(_ context.Context, r *signer.Request) error {
				if detached {
					r.Detach()
				}
				time.Sleep(time.Minute + time.Second)
				return nil
			}}
			p := newPartner(t, signer.Options{Timeout: time.Minute, Steps: []signer.Step{slow}})
			res, err := p.Transport(silent).RoundTrip(must(http.NewRequest("POST", "/", strings.NewReader("{}"))))
			took(t, begin, time.Minute+time.Second)
			wantProblem(t, res, err, signer.TooSlow, "did not answer in time")
		})
	}
}

// A time that is over between two tries, while the answer to the first is read or in
// the pause, ends the second before it is sent.
func TestTimeoutBetweenTwoTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, sent := time.Now(), 0
		p := newPartner(t, signer.Options{
			Timeout: time.Second, Steps: []signer.Step{newStamp()},
			Retries: []signer.Retry{{Status: []int{503}, MinBackoff: 900 * time.Millisecond, MaxBackoff: 900 * time.Millisecond}},
		})
		res, err := p.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			return &http.Response{StatusCode: 503, Header: http.Header{}, Body: io.NopCloser(readerFunc(func([]byte) (int, error) {
				time.Sleep(900 * time.Millisecond)
				return 0, io.EOF
			}))}, nil
		})).RoundTrip(must(http.NewRequest("POST", "/", strings.NewReader("{}"))))
		if d := time.Since(begin); d < time.Second || d > 2*time.Second || sent != 1 {
			t.Errorf("sent %d times in %v", sent, d)
		}
		wantProblem(t, res, err, signer.TooSlow, "could not be sent again; whether it carried out the call is not known")
	})
}

// The time that a second try has is what the first has left.
func TestTimeoutOfSecondTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, sent := time.Now(), 0
		p := newPartner(t, signer.Options{
			Timeout: time.Minute, Retries: []signer.Retry{{Status: []int{503}, MinBackoff: time.Second, MaxBackoff: time.Second}},
		})
		res, err := p.Transport(roundTripper(func(out *http.Request) (*http.Response, error) {
			if sent++; sent == 1 {
				time.Sleep(30 * time.Second)
				return respond(503, ""), nil
			}
			return silent(out)
		})).RoundTrip(must(http.NewRequest("POST", "/", strings.NewReader("{}"))))
		took(t, begin, time.Minute)
		wantProblem(t, res, err, signer.TooSlow, "did not answer in time")
		if sent != 2 {
			t.Errorf("sent %d times", sent)
		}
	})
}
