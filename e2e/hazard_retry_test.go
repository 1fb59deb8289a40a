package e2e

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// The third attempt looks like the first: no header is there twice, the body and the
// key are the same, and nonce and signature are its own.
func TestHazardRetriesDoNotPileUp(t *testing.T) {
	var calls atomic.Int64
	partner, caddy := startAcme(t, partnertest.Options{Answer: func(w http.ResponseWriter, _ *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		if calls.Add(1)%3 == 0 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}}, "retry {\nstatus 503\nattempts 3\nbackoff 1ms 2ms\n}", "header X-Set set", "header ?X-Default default", `json_field /added "once"`)
	for _, headers := range [][]string{{"Content-Type: application/json"}, {"Content-Type: application/json", "Idempotency-Key: 0b7a1f52-2f6e-4c0e-9f43-5f3d2c1b0a99"}} {
		partner.Reset()
		caddy.send("POST", "/v1/a", strings.NewReader(`{"amount":1}`), headers...).ok(t)
		tries := only(t, partner, 3)
		for _, try := range tries {
			if got, want := names(try), names(tries[0]); !slices.Equal(got, want) {
				t.Errorf("the headers are %q, and were %q", got, want)
			}
			if string(try.Body) != string(tries[0].Body) || strings.Count(string(try.Body), "added") != 1 {
				t.Errorf("the body is %s, and was %s", try.Body, tries[0].Body)
			}
			if key := try.Header.Values("Idempotency-Key"); len(key) != 1 || key[0] != tries[0].Header.Get("Idempotency-Key") {
				t.Errorf("the keys are %q", key)
			}
		}
	}
}

// names are those of a request's header fields, as often as they are there.
func names(r *partnertest.Request) (names []string) {
	for _, field := range r.Header {
		names = append(names, strings.ToLower(field[0]))
	}
	slices.Sort(names)
	return names
}

// A 401 is answered with another attempt only when there is another credential: not
// for a fixed one, and not when the endpoint gives the same token again.
func TestHazardRefusedTokenUnchanged(t *testing.T) {
	endpoint := newOAuthServer(t, nil, tls.NoClientCert)
	var given atomic.Int64
	endpoint.API = func(w http.ResponseWriter, _ *http.Request) {
		given.Add(1)
		_, _ = fmt.Fprint(w, `{"access_token":"the-same-for-ever","expires_in":3600}`)
	}
	p := startOAuth(t, endpoint, map[string]string{
		"same":  "bearer token_endpoint BASE/a {\njson key {env.ODD_SECRET}\n}\nidempotency_key\ncontent_digest",
		"fixed": "bearer {env.FIXED}\nidempotency_key\ncontent_digest",
		"basic": "basic_auth user {env.FIXED}\nidempotency_key\ncontent_digest",
	}, nil, "FIXED=fixed")
	if err := p.SetRequire(partnertest.Require{Bearer: "another"}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/same", "/fixed", "/basic"} {
		for range 2 {
			p.Reset()
			if res := p.send("POST", path, strings.NewReader("{}")); res.StatusCode != 401 || res.Header.Get("Proxy-Status") != "" {
				t.Errorf("%s: %d %s", path, res.StatusCode, res.Text)
			}
			if n := len(p.Requests()); n != 1 {
				t.Errorf("%s: the partner saw %d requests", path, n)
			}
		}
	}
	if n := given.Load(); n > 3 {
		t.Errorf("the endpoint was asked %d times", n)
	}
}
