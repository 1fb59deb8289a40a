package dfns

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

var errReset = errors.New("connection reset by peer")

// A failure that may pass is followed by a whole new challenge, twice.
func TestChallengeRestarts(t *testing.T) {
	cutOff := func() *http.Response {
		res := respond(200, "")
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"chall`), iotest.ErrReader(errReset)))
		return res
	}
	for _, test := range []struct {
		name   string
		answer func() (*http.Response, error)
		kind   signer.Kind
		want   string
		least  time.Duration // between the tries
	}{
		{"network", func() (*http.Response, error) { return nil, errReset }, ChallengeFailed, "did not answer POST", 0},
		{"answer cut off", func() (*http.Response, error) { return cutOff(), nil }, ChallengeFailed, "did not answer POST", 0},
		{"500", func() (*http.Response, error) { return respond(500, ""), nil }, ChallengeFailed, "status 500; try again", 0},
		{"503 with Retry-After", func() (*http.Response, error) { return respond(503, "", "Retry-After: 2"), nil }, ChallengeFailed, "status 503", 2 * time.Second},
		{"429", func() (*http.Response, error) { return respond(429, ""), nil }, RateLimited, "status 429", 0},
		{"429 with Retry-After", func() (*http.Response, error) { return respond(429, "", "Retry-After: 5"), nil }, RateLimited, "status 429", 5 * time.Second},
		{"429 with a date", func() (*http.Response, error) {
			return respond(429, "", "Retry-After: Thu, 15 Feb 2024 10:00:03 GMT"), nil
		}, RateLimited, "status 429", 3 * time.Second},
	} {
		for _, path := range []string{initPath, actionPath} {
			for failures := range 4 {
				t.Run(test.name+" "+path+" "+strings.Repeat("!", failures), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						dfns := newFakeDfns(seedKey.Public())
						left := failures
						dfns.answer = func(_ int, called string) (*http.Response, error) {
							if called != path || left == 0 {
								return nil, nil
							}
							left--
							return test.answer()
						}
						r := request("POST", "/wallets", "{}")
						begin := time.Now()
						err := newUserAction(t, UserActionOptions{Call: dfns.call}).Apply(t.Context(), r)
						took := time.Since(begin)
						tries := min(failures+1, 3)
						var want []string
						for i := range tries {
							want = append(want, initPath)
							if path == actionPath || i == failures {
								want = append(want, actionPath)
							}
						}
						if !slices.Equal(dfns.calls, want) {
							t.Errorf("calls %q, want %q", dfns.calls, want)
						}
						pauses := time.Duration(tries - 1)
						if took < pauses*test.least || took > pauses*(test.least+600*time.Millisecond) {
							t.Errorf("it took %v", took)
						}
						if failures < 3 {
							if err != nil || dfns.granted[r.Header.Get("X-DFNS-USERACTION")].Payload == nil {
								t.Errorf("%v, %v", err, r.Header)
							}
							return
						}
						problem := wantProblem(t, err, test.kind, test.want, path)
						if problem.RetryAfter != test.least {
							t.Errorf("Retry-After is %v, want %v", problem.RetryAfter, test.least)
						}
					})
				})
			}
		}
	}
}

// A pause that is too long is the client's to make, who learns how long.
func TestChallengeLeavesLongPausesToTheClient(t *testing.T) {
	for _, test := range []struct {
		status     int
		retryAfter string
		timeout    time.Duration
		kind       signer.Kind
		want       time.Duration
	}{
		{429, "6", time.Hour, RateLimited, 6 * time.Second},
		{429, "60", time.Hour, RateLimited, time.Minute},
		{429, "4294967295", time.Hour, RateLimited, 4294967295 * time.Second},
		{429, "Thu, 15 Feb 2024 10:01:00 GMT", time.Hour, RateLimited, time.Minute},
		{503, "60", time.Hour, ChallengeFailed, time.Minute},
		{429, "4", 3 * time.Second, RateLimited, 4 * time.Second}, // it would come too late
		{503, "", 10 * time.Millisecond, ChallengeFailed, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			dfns := newFakeDfns(seedKey.Public())
			dfns.answer = func(int, string) (*http.Response, error) {
				return respond(test.status, "", "Retry-After: "+test.retryAfter), nil
			}
			begin := time.Now()
			r := request("POST", "/wallets", "{}")
			r.Deadline = begin.Add(test.timeout)
			err := newUserAction(t, UserActionOptions{Call: dfns.call}).Apply(t.Context(), r)
			problem := wantProblem(t, err, test.kind)
			if problem.RetryAfter != test.want || len(dfns.calls) != 1 || time.Since(begin) > 0 {
				t.Errorf("%q: Retry-After %v after %v and calls %q", test.retryAfter, problem.RetryAfter, time.Since(begin), dfns.calls)
			}
		})
	}
}
