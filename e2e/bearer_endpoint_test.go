package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// What a partner's own endpoint is asked is what is written, byte by byte, with
// the secrets escaped.
func TestBearerEndpointRequests(t *testing.T) {
	const quoted = `canary: se+cret/%41&a=\"~`
	asked := make(chan string, 10)
	endpoint := newOAuthServer(t, nil, tls.NoClientCert)
	endpoint.API = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- fmt.Sprintf("%s %s %s|%s|%s|%s", r.Method, r.URL.RequestURI(), body, r.Header.Get("Content-Type"), r.Header.Get("X-Api-Key"), r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"access_token":"token-of-`+r.URL.Path[1:]+`"}`)
	}
	p := startOAuth(t, endpoint, map[string]string{
		"json":  "bearer token_endpoint BASE/json {\njson b {env.ODD_SECRET}\njson a \"text <with> {env.ODD_SECRET}\"\njson b again\n}",
		"form":  "bearer token_endpoint BASE/form?x=1 {\nform grant {env.ODD_SECRET}\nform a \"b c\"\nheader X-Api-Key {env.ODD_SECRET}\n}",
		"empty": "bearer token_endpoint BASE/empty {\nheader Authorization \"Basic {env.ODD_SECRET}\"\n}",
	}, nil)
	for path, want := range map[string]string{
		"json":  `POST /json {"b":"` + quoted + `","a":"text <with> ` + quoted + `","b":"again"}|application/json||`,
		"form":  "POST /form?x=1 grant=canary%3A+se%2Bcret%2F%2541%26a%3D%22~&a=b+c|application/x-www-form-urlencoded|" + oddSecret + "|",
		"empty": "POST /empty |||Basic " + oddSecret,
	} {
		p.send("GET", "/"+path, nil).ok(t)
		if got := take(t, asked); got != want {
			t.Errorf("asked\n%s\nwant\n%s", got, want)
		}
		if got := p.Last().Header.Get("Authorization"); got != "Bearer token-of-"+path {
			t.Errorf("the partner saw %q", got)
		}
	}
}

// A token's end is where the configuration says that it is, or in the token, or
// five minutes from now.
func TestBearerEndpointExpiries(t *testing.T) {
	end := time.Now().Add(90 * time.Minute).Truncate(time.Second)
	encode := base64.RawURLEncoding.EncodeToString
	jwt := encode([]byte(`{"alg":"RS256"}`)) + "." + encode(fmt.Appendf(nil, `{"exp":%d}`, end.Unix())) + "." + encode([]byte("signature"))
	cases := map[string]struct {
		lines, answer string
		end           time.Time
	}{
		"seconds":      {"expires_at /at", fmt.Sprintf(`{"access_token":"a","at":%d}`, end.Unix()), end},
		"milliseconds": {"expires_at /at", fmt.Sprintf(`{"access_token":"a","at":%d}`, end.UnixMilli()), end},
		"text":         {"expires_at /at", fmt.Sprintf(`{"access_token":"a","at":"%d"}`, end.Unix()), end},
		"date":         {"expires_at /at", `{"access_token":"a","at":"` + end.UTC().Format(time.RFC3339) + `"}`, end},
		"span":         {"expires_in /in", `{"access_token":"a","in":5400}`, end},
		"span-text":    {"expires_in /in", `{"access_token":"a","in":"5400"}`, end},
		"nested":       {"token /data/0/to~1ken\nexpires_in /data/0/life", `{"data":[{"to/ken":"a","life":5400}]}`, end},
		"jwt":          {"", `{"access_token":"` + jwt + `","expires_in":1}`, end},
		"lacking":      {"expires_in /in", `{"access_token":"` + jwt + `"}`, end},
		"nothing":      {"", `{"access_token":"a"}`, time.Now().Add(5 * time.Minute)},
	}
	endpoint := newOAuthServer(t, nil, tls.NoClientCert)
	endpoint.API = func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, cases[r.URL.Path[1:]].answer) }
	lines := map[string]string{}
	for name, test := range cases {
		lines[name] = "bearer token_endpoint BASE/" + name + " {\njson key {env.ODD_SECRET}\n" + test.lines + "\n}"
	}
	p := startOAuth(t, endpoint, lines, nil)
	for name, test := range cases {
		p.send("GET", "/"+name, nil).ok(t)
		got := p.metric("partnersign_token_expiry_timestamp_seconds", `partner="`+name+`"`)
		if math.Abs(got-float64(test.end.Unix())) > 10 {
			t.Errorf("%s: the token ends at %.0f, want %d", name, got, test.end.Unix())
		}
	}
}

// Two partners with different tokens never get each other's, also while one of
// them is being refused.
func TestBearerEndpointsApart(t *testing.T) {
	endpoint := newOAuthServer(t, nil, tls.NoClientCert)
	var given atomic.Int64
	endpoint.API = func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"access_token":"%s-%d"}`, r.URL.Path[1:], given.Add(1))
	}
	p := startOAuth(t, endpoint, map[string]string{
		"a": "bearer token_endpoint BASE/a {\njson key {env.ODD_SECRET}\n}\nidempotency_key\ncontent_digest",
		"b": "bearer token_endpoint BASE/b {\njson key {env.ODD_SECRET}\n}\nidempotency_key\ncontent_digest",
	}, nil)
	p.send("POST", "/a", strings.NewReader("{}")).ok(t)
	p.send("POST", "/b", strings.NewReader("{}")).ok(t)
	if err := p.SetRequire(partnertest.Require{Bearer: "a-3"}); err != nil { // a-1 is refused from now on
		t.Fatal(err)
	}
	p.send("POST", "/a", strings.NewReader("{}")).ok(t)
	var seen []string
	for _, r := range p.Requests() {
		seen = append(seen, r.Target+" "+r.Header.Get("Authorization"))
	}
	if got := strings.Join(seen, ", "); got != "/a Bearer a-1, /b Bearer b-2, /a Bearer a-1, /a Bearer a-3" {
		t.Error(got)
	}
}

// startWithdrawn is a partner behind a Caddy whose token it does not take any more.
func startWithdrawn(t *testing.T) oauthPartner {
	endpoint := newOAuthServer(t, nil, tls.NoClientCert)
	var given atomic.Int64
	endpoint.API = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"access_token":"t-%d"}`, given.Add(1))
	}
	p := startOAuth(t, endpoint, map[string]string{"a": "bearer token_endpoint BASE/a {\njson key {env.ODD_SECRET}\n}"}, nil)
	p.send("GET", "/a", nil).ok(t)
	if err := p.SetRequire(partnertest.Require{Bearer: "t-2"}); err != nil {
		t.Fatal(err)
	}
	p.Reset()
	return p
}

// A streamed body is gone when the answer comes: its request is not sent again,
// and the next one carries another token.
func TestBearerStreamedBodyRefused(t *testing.T) {
	p := startWithdrawn(t)
	if res := p.send("POST", "/a", newPattern(1<<20)); res.StatusCode != 401 {
		t.Errorf("answered %d", res.StatusCode)
	}
	p.send("POST", "/a", newPattern(1<<20)).ok(t)
	if n := len(p.Requests()); n != 2 {
		t.Errorf("the partner saw %d requests", n)
	}
}

// A small body is held, though no step needs it.
func TestBearerSmallBodyRefused(t *testing.T) {
	p := startWithdrawn(t)
	body := strings.Repeat("x", 4<<10)
	p.send("POST", "/a", strings.NewReader(body)).ok(t)
	seen := p.Requests()
	if len(seen) != 2 || string(seen[0].Body) != body || string(seen[1].Body) != body {
		t.Errorf("the partner saw %d requests", len(seen))
	}
}
