package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Each attempt and each call that it makes is a span below the site's, with
// attributes of ours, and nothing secret in any of them.
func TestTraces(t *testing.T) {
	collector := newTraceCollector(t)
	for _, env := range collector.env() {
		name, value, _ := strings.Cut(env, "=")
		t.Setenv(name, value)
	}
	plain := meteredPartner(t)
	t.Setenv("METERED_SECRET", "canary-metered-secret")
	lines := `
		bearer oauth2 ` + plain.URL + `/token?key=canary-in-the-token-url {
			client_id canary-client
			client_secret {env.METERED_SECRET}
		}
		header X-Secret {env.METERED_SECRET}
		idempotency_key
		retry {
			status 503
			attempts 2
			backoff 1ms 1ms
		}
		%s
	}
}
`
	p := dfnsSetup{App: true, Site: "tracing {\nspan {http.request.uri.path}\n}\n" +
		"handle_path /direct/* {\npartner_proxy " + plain.URL + " {\nname direct\n" + fmt.Sprintf(lines, "") +
		"handle_path /proxy/* {\npartner_proxy " + plain.URL + " {\nname proxy\n" + fmt.Sprintf(lines, "flush_interval -1") +
		"handle {\nBLOCK\n}\n"}.start(t)

	headers := []string{"Authorization: Bearer canary-of-the-client", "Cookie: canary=cookie", "Idempotency-Key: canary-idempotency"}
	const query = "?canary-query=1"
	p.ask("POST", "/wallets"+query, `{"network":"EthereumSepolia","name":"canary-body"}`, headers...).ok(t)
	p.ask("GET", "/wallets"+query, "").ok(t)
	for _, way := range []string{"/direct", "/proxy"} {
		p.ask("POST", way+"/v1"+query, `{"canary":"body"}`, headers...).ok(t)
		p.ask("POST", way+"/busy"+query, "{}", headers...)
		p.ask("POST", way+"/dies"+query, "{}", headers...)
		p.ask("POST", way+"/..%2Fx"+query, "{}", headers...)
	}
	for name, want := range map[string]string{
		"/direct/v1":   "partnersign 200 (POST 200, POST /v1 200)",
		"/proxy/v1":    "partnersign 200 (POST /v1 200)", // with the token of the other block
		"/direct/busy": "partnersign 503 (POST /busy 503, POST /busy 503)",
		"/proxy/busy":  "partnersign 503 (POST /busy 503, POST /busy 503)",
		"/direct/dies": "partnersign 502 partner-failed (POST /dies",
		"/proxy/../x":  "partnersign 400 invalid-request",
	} {
		site := collector.trace(name)
		if len(site.below) != 1 || !strings.HasPrefix(site.below[0].outline(), want) {
			t.Errorf("%s: %s, want %s", name, site.outline(), want)
		}
	}
	collector.mu.Lock()
	var wallets []string
	for _, span := range collector.spans {
		if span.GetName() == "/wallets" {
			wallets = append(wallets, collector.tree(span).outline())
		}
	}
	all := fmt.Sprint(collector.spans)
	collector.mu.Unlock()
	if got, want := strings.Join(wallets, "; "), "(partnersign 200 (POST /auth/action/init 200, POST /auth/action 200, POST /wallets 200))"; !strings.Contains(got, want) {
		t.Errorf("the traces of a write are %s, want %s", got, want)
	}
	attempt := collector.trace("/direct/dies").below[0]
	for name, want := range map[string]string{
		"partnersign.partner": "direct", "partnersign.outcome": "failed", "error.type": "partner-failed", "http.request.method": "POST",
	} {
		if got := attempt.attribute(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := collector.trace("/proxy/busy").below[0].attribute("partnersign.attempts"); got != "2" {
		t.Errorf("%s attempts", got)
	}
	if attempt.attribute("partnersign.seconds.credentials") == "" || attempt.GetStatus().GetCode().String() != "STATUS_CODE_ERROR" {
		t.Errorf("the attempt is %v", attempt.Span)
	}
	secrets := append(p.signedSecrets(), "canary", "a-token", "/token", dfnsAppSecret)
	for _, secret := range secrets {
		// Caddy's own span has what it has: ours are looked at.
		for _, ours := range ourSpans(collector) {
			if secret != "" && strings.Contains(ours, secret) {
				t.Errorf("a span holds %q: %s", secret, ours)
			}
		}
	}
	if !strings.Contains(all, "partnersign.outcome") {
		t.Error("the spans are not what is to be searched")
	}
}

// signedSecrets are what Dfns was sent that is secret.
func (p dfnsProxy) signedSecrets() (secrets []string) {
	for _, r := range p.Requests() {
		for _, name := range []string{"Authorization", "X-DFNS-USERACTION", "X-DFNS-APISIGNATURE", "X-DFNS-NONCE", "X-DFNS-APPSECRET"} {
			secrets = append(secrets, strings.TrimPrefix(r.Header.Get(name), "Bearer "))
		}
	}
	return secrets
}

// ourSpans are the spans that are not the site's, as text.
func ourSpans(c *traceCollector) (texts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, span := range c.spans {
		if !strings.HasPrefix(span.GetName(), "/") {
			texts = append(texts, fmt.Sprint(span))
		}
	}
	return texts
}

// Partners are told nothing of traces, whoever has begun them, unless they are
// asked to be: by either way, on the wire of HTTP/1.1 and HTTP/2.
func TestTracesAreNotTold(t *testing.T) {
	collector := newTraceCollector(t)
	for _, env := range collector.env() {
		name, value, _ := strings.Cut(env, "=")
		t.Setenv(name, value)
	}
	told := regexp.MustCompile(`(?i)^(traceparent|tracestate|baggage|b3|x-b3-.*|uber.*|x-amzn-trace-id|ot-.*)$`)
	const id = "0af7651916cd43dd8448eb211c80319c"
	clients := []string{"Traceparent: 00-" + id + "-b7ad6b7169203331-01", "Tracestate: a=b", "Baggage: user=canary", "B3: " + id + "-b7ad6b7169203331-1",
		"X-B3-TraceId: " + id, "Uber-Trace-Id: " + id + ":b7ad6b7169203331:0:1", "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793", "Ot-Tracer-Traceid: " + id}
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			partner := partnertest.New(t, partnertest.Options{Protocols: []string{protocol}})
			site := ""
			for path, lines := range map[string]string{
				"direct": "", "proxy": "flush_interval -1", "asked": "client_headers keep Traceparent",
			} {
				for _, tracing := range []string{"", "tracing"} {
					site += "handle_path /" + tracing + path + "/* {\n" + tracing + "\n" + block(partner, lines) + "}\n"
				}
			}
			p := startCaddy(t, caddyfile{Site: site, Files: map[string]string{"ca.pem": string(partner.CA())}})
			for _, tracing := range []string{"", "tracing"} {
				for _, way := range []string{"direct", "proxy", "asked"} {
					for _, headers := range [][]string{nil, clients} {
						p.send("GET", "/"+tracing+way+"/v1", nil, headers...).ok(t)
						var names []string
						parent := ""
						for _, field := range partner.Last().Header {
							if told.MatchString(field[0]) {
								names = append(names, strings.ToLower(field[0]))
								parent = field[1]
							}
						}
						want := ""
						if way == "asked" && (tracing != "" || headers != nil) {
							want = "traceparent"
						}
						if got := strings.Join(names, " "); got != want {
							t.Errorf("%s %s, %d headers of a client: the partner was told %q, want %q", tracing, way, len(headers), got, want)
						}
						if want != "" && headers != nil && !strings.Contains(parent, id) {
							t.Errorf("%s: the trace is %s, and not the client's", tracing, parent)
						}
					}
				}
			}
		})
	}
}

// Without a trace, and within one that is not sampled, there are no spans.
func TestUnsampledTraces(t *testing.T) {
	collector := newTraceCollector(t)
	partner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer partner.Close()
	p := startCaddy(t, caddyfile{
		Site: "handle /none/* {\n" + blockAt(partner.URL, "") + "}\nhandle {\ntracing {\nspan {http.request.uri.path}\n}\n" + blockAt(partner.URL, "") + "}\n",
		Env:  append(collector.env(), "OTEL_TRACES_SAMPLER=parentbased_always_on"),
	})
	p.send("GET", "/none/a", nil).ok(t)
	p.send("GET", "/unsampled", nil, "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").ok(t)
	p.send("GET", "/sampled", nil).ok(t)
	site := collector.trace("/sampled")
	if got := site.outline(); !strings.Contains(got, "partnersign 200") {
		t.Errorf("the sampled trace is %s", got)
	}
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if len(collector.spans) != 3 {
		t.Errorf("%d spans, want 3: %v", len(collector.spans), collector.spans)
	}
}
