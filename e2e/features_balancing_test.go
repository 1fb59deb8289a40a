package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// longForm is reverse_proxy with the transport, which can have several
// addresses, dial them by any name, and have subdirectives of its own.
func longForm(upstream string, dial []string, lines, subdirectives string) string {
	return fmt.Sprintf(`reverse_proxy %s {
		transport partnersign {
			upstream %s
			%s
			tls_trust_pool file DIR/ca.pem
		}
		%s
	}`, strings.Join(dial, " "), upstream, lines, subdirectives)
}

// Requests go to several addresses in turn, and all of them are for the one
// upstream: Host, @authority, SNI and the name in the certificate are its own.
func TestFeatureLoadBalancing(t *testing.T) {
	first, second := newAcme(t, partnertest.Options{}), newAcme(t, partnertest.Options{})
	site := longForm("https://localhost", []string{first.URL(), second.URL()}, acme, "lb_policy round_robin")
	caddy := startCaddy(t, siteFile(t, site, first, second))
	for range 6 {
		caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	}
	for _, partner := range []*partnertest.Partner{first, second} {
		for i, seen := range only(t, partner, 3) {
			if seen.Authority != "localhost" || seen.ServerName != "localhost" {
				t.Errorf("Host is %q, SNI %q", seen.Authority, seen.ServerName)
			}
			if seen.Conn != 1 || seen.Turn != i+1 {
				t.Errorf("request %d came on connection %d as number %d", i, seen.Conn, seen.Turn)
			}
		}
	}
}

// An address whose certificate is not the upstream's gets nothing.
func TestFeatureDialAddressMustProveUpstream(t *testing.T) {
	other := newAcme(t, partnertest.Options{Names: []string{"other.test", "127.0.0.1"}})
	caddy := startCaddy(t, siteFile(t, longForm("https://localhost", []string{other.URL()}, acme, ""), other))
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).refused(t, 502, "partner-untrusted")
	untouched(t, other)
	caddy.mustReload(siteFile(t, longForm("https://other.test", []string{other.URL()}, acme, ""), other))
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	if seen := only(t, other, 1)[0]; seen.Authority != "other.test" || seen.ServerName != "other.test" {
		t.Errorf("Host is %q, SNI %q", seen.Authority, seen.ServerName)
	}
}

// attemptsOf are the audit lines of a path, each one attempt.
func (p *process) attemptsOf(t *testing.T, path string, n int) (lines []map[string]any) {
	t.Helper()
	waitFor(t, fmt.Sprint(n, " audit lines of ", path), func() bool {
		lines = nil
		for _, line := range p.logged("partnersign.audit", "") {
			if line["path"] == path {
				lines = append(lines, line)
			}
		}
		return len(lines) >= n
	})
	if len(lines) != n {
		t.Errorf("%d audit lines of %s, want %d", len(lines), path, n)
	}
	return lines
}

// An address where nobody listens is passed over: the request arrives once at
// the next one, whole and with the idempotency key of the first attempt.
func TestFeatureRetryPassesOverDeadAddress(t *testing.T) {
	for name, retry := range map[string]string{"lb_retries": "lb_retries 1", "lb_try_duration": "lb_try_duration 5s\nlb_try_interval 10ms"} {
		t.Run(name, func(t *testing.T) {
			partner := newAcme(t, partnertest.Options{})
			dial := []string{"https://" + deadAddress(t), partner.URL()}
			// Once dead is remembered: only the first request of each process meets it.
			site := longForm("https://localhost", dial, acme, "lb_policy first\nfail_duration 30s\n"+retry)
			caddy := startCaddy(t, siteFile(t, site, partner))
			res := caddy.send("POST", "/v1/a", strings.NewReader(`{"amount":"12.50"}`))
			res.ok(t)
			seen := only(t, partner, 1)[0]
			if string(seen.Body) != `{"amount":"12.50"}` {
				t.Errorf("%q arrived", seen.Body)
			}
			attempts := caddy.attemptsOf(t, "/v1/a", 2)
			key := seen.Header.Get("Idempotency-Key")
			if attempts[0]["outcome"] != "unreached" || attempts[1]["outcome"] != "answered" || attempts[0]["idempotency_key"] != key ||
				attempts[1]["idempotency_key"] != key || res.Header.Get("Idempotency-Key") != key {
				t.Errorf("the key arrived as %s, the client was told %s, and the attempts were\n%v\n%v", key, res.Header.Get("Idempotency-Key"), attempts[0], attempts[1])
			}
			caddy.send("POST", "/v1/b", strings.NewReader("{}")).ok(t)
			caddy.attemptsOf(t, "/v1/b", 1)
			caddy.memoryReturned(t)
		})
	}
}

// A streamed body has not been touched when no connection could be made: it is
// sent to the next address whole.
func TestFeatureRetryKeepsStreamedBody(t *testing.T) {
	for _, framing := range []string{"Content-Length", "chunked"} {
		t.Run(framing, func(t *testing.T) {
			partner := partnertest.New(t, partnertest.Options{Require: signOnlyRequire(keyOf(t, "ed25519"))})
			dial := []string{"https://" + deadAddress(t), partner.URL()}
			site := longForm("https://localhost", dial, signOnly, "lb_policy first\nfail_duration 30s\nlb_retries 1")
			caddy := startCaddy(t, siteFile(t, site, partner))
			body, _ := io.ReadAll(newPattern(1 << 20))
			var reader io.Reader = strings.NewReader(string(body))
			if framing == "chunked" {
				reader = io.MultiReader(reader)
			}
			caddy.send("POST", "/v1/a", reader).ok(t)
			if seen := only(t, partner, 1)[0]; string(seen.Body) != string(body) {
				t.Errorf("%d bytes arrived", len(seen.Body))
			}
			caddy.attemptsOf(t, "/v1/a", 2)
		})
	}
}

// unavailable answers the first n requests with 503.
func unavailable(n int32) func(http.ResponseWriter, *http.Request, *partnertest.Request, partnertest.Verdict) bool {
	var asked atomic.Int32
	return func(w http.ResponseWriter, _ *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		if asked.Add(1) > n {
			return false
		}
		w.WriteHeader(503)
		_, _ = io.WriteString(w, "come again")
		return true
	}
}

const retryOn503 = "lb_retries 2\nlb_retry_match {\n expression `{rp.status_code} == 503`\n}"

// A rule for answers repeats the request with its key and body, each attempt
// with a nonce and a signature of its own.
func TestFeatureRetryMatchOnAnswer(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{protocol}, Answer: unavailable(2)}, retryOn503)
			for _, method := range []string{"POST", "DELETE"} {
				res := caddy.send(method, "/v1/a", strings.NewReader(`{"amount":"12.50"}`))
				res.ok(t)
				n := map[string]int{"POST": 3, "DELETE": 1}[method] // the third is answered
				for _, seen := range only(t, partner, n) {
					if string(seen.Body) != `{"amount":"12.50"}` || seen.Header.Get("Idempotency-Key") != res.Header.Get("Idempotency-Key") {
						t.Errorf("%q with key %q arrived, and the client was told %q", seen.Body, seen.Header.Get("Idempotency-Key"), res.Header.Get("Idempotency-Key"))
					}
					for _, name := range []string{"Authorization", "Signature", "Signature-Input", "Content-Digest", "Idempotency-Key", "Content-Length"} {
						if values := seen.Header.Values(name); len(values) != 1 {
							t.Errorf("%s: %q", name, values)
						}
					}
				}
				partner.Reset()
			}
			caddy.memoryReturned(t)
		})
	}
}

// A body that has streamed away cannot be sent again: the client is told, and
// the partner never sees what is left of it as a request.
func TestFeatureStreamedBodyIsNotRepeated(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, framing := range []string{"Content-Length", "chunked"} {
			t.Run(protocol+" "+framing, func(t *testing.T) {
				partner, caddy := startSignOnly(t, partnertest.Options{Protocols: []string{protocol}, Answer: unavailable(1)}, retryOn503)
				body := strings.Repeat("x", 100_000)
				var reader io.Reader = strings.NewReader(body)
				if framing == "chunked" {
					reader = io.MultiReader(reader)
				}
				res := caddy.send("POST", "/v1/a", reader)
				if res.StatusCode != 502 && res.StatusCode != 503 {
					t.Errorf("answered %d %.200s", res.StatusCode, res.Text)
				}
				caddy.send("GET", "/v1/after", nil).ok(t)
				for _, seen := range partner.Requests() {
					if seen.Method == "POST" && (string(seen.Body) != body || seen.Err != "") {
						t.Errorf("the partner saw a POST with %d bytes: %s", len(seen.Body), seen.Err)
					}
				}
				only(t, partner, 2)
			})
		}
	}
}

// Active health checks are signed as requests are: an unsigned one would take
// the partner for ill.
func TestFeatureActiveHealthChecksAreSigned(t *testing.T) {
	ill := atomic.Bool{}
	partner := newAcme(t, partnertest.Options{Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		if r.URL.Path == "/health" && ill.Load() {
			w.WriteHeader(500)
			return true
		}
		return false
	}})
	caddy := startCaddy(t, siteFile(t, block(partner, acme+"\nhealth_uri /health?deep=1\nhealth_interval 50ms\nhealth_passes 1\nhealth_fails 1"), partner))
	checks, err := partner.Wait(5, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	verified(t, checks...)
	for _, seen := range checks {
		if seen.Method != "GET" || seen.Target != "/health?deep=1" || seen.Authority != authority(partner) {
			t.Errorf("the partner saw %s %s of %s", seen.Method, seen.Target, seen.Authority)
		}
	}
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	ill.Store(true)
	waitFor(t, "the partner to be taken for ill", func() bool { return caddy.send("GET", "/v1/b", nil).StatusCode == 503 })
	ill.Store(false)
	waitFor(t, "the partner to be taken for well", func() bool { return caddy.send("GET", "/v1/c", nil).StatusCode == 200 })
	verified(t, partner.Requests()...)
}

// Passive health checks keep requests away from an address that fails.
func TestFeaturePassiveHealthChecks(t *testing.T) {
	failing := newAcme(t, partnertest.Options{Answer: unavailable(1000)})
	well := newAcme(t, partnertest.Options{})
	site := longForm("https://localhost", []string{failing.URL(), well.URL()}, acme, "lb_policy first\nfail_duration 30s\nmax_fails 1\nunhealthy_status 5xx")
	caddy := startCaddy(t, siteFile(t, site, failing, well))
	if res := caddy.send("POST", "/v1/a", strings.NewReader("{}")); res.StatusCode != 503 || res.Text != "come again" {
		t.Errorf("answered %d %s", res.StatusCode, res.Text)
	}
	for range 5 {
		caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	}
	only(t, failing, 1)
	only(t, well, 5)
}
