package token_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

// through makes requests to a partner without a network.
func through(source token.Source, observe func(token.Event), status func(authorization string) int) func() int {
	bearers := &token.Bearers{Tokens: []token.Bearer{{Cache: token.NewCache(source, token.CacheOptions{Observe: observe})}}}
	partner := must(signer.New(signer.Options{Upstream: must(signer.ParseUpstream("https://api.example")), Steps: []signer.Step{bearers}}))
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		return respond(status(strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")), ""), nil
	})
	return func() int {
		res := must(partner.Transport(base).RoundTrip(must(http.NewRequest("GET", "https://api.example/", nil))))
		return res.StatusCode
	}
}

// The bound grows while no new token is any better, and is short again after one
// that was.
func TestRefusedBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 100 * time.Hour}
		status := 401
		get := through(s.source(unique()), nil, func(string) int { return status })
		count := func(d time.Duration) (tokens int64) {
			before := s.issued.Load()
			for begin := time.Now(); time.Since(begin) < d; time.Sleep(time.Second) {
				if got := get(); got != status {
					t.Fatalf("status %d", got)
				}
			}
			return s.issued.Load() - before
		}
		if n := count(time.Hour); n < 12 || n > 2+5+12 {
			t.Errorf("%d tokens in an hour", n)
		}
		time.Sleep(5 * time.Minute)
		status = 200
		count(time.Second)
		status = 401
		if n := count(11 * time.Second); n != 2 {
			t.Errorf("%d tokens in 11 seconds", n)
		}
	})
}

// Another token is one with another value; without one the partner's answer is
// the client's.
func TestRefusedAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		same := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return respond(200, bearerAnswer), nil
		})}
		source := oauth2(token.OAuth2Options{TokenURL: "https://auth.example/", ClientID: fixed("c"), ClientSecret: unique()})(same)
		get := through(source, nil, func(string) int { calls++; return 401 })
		if status := get(); status != 401 || calls != 1 {
			t.Errorf("status %d after %d calls with the same token", status, calls)
		}

		s := &server{life: time.Hour}
		var events []token.Result
		calls = 0
		get = through(s.source(unique()), func(e token.Event) { events = append(events, e.Result) }, func(string) int {
			calls++
			s.fail.Store(respond(500, ""))
			return 401
		})
		if status := get(); status != 401 || calls != 1 {
			t.Errorf("status %d after %d calls without another token", status, calls)
		}
		if status := get(); status != 503 || calls != 1 {
			t.Errorf("then status %d after %d calls", status, calls)
		}
		if len(events) != 3 || events[0] != token.Refreshed || events[1] != token.Refused || events[2] != token.Failed {
			t.Errorf("events %v", events)
		}
	})
}
