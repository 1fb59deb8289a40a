package e2e

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// Headers that are stripped by default pass when they are kept, and are signed
// with the rest.
func TestFeatureClientHeadersKeep(t *testing.T) {
	headers := []string{"Cookie: session=1", "Origin: https://app.example.com", "X-Forwarded-For: 192.0.2.1", "Referer: https://app.example.com/", "Sec-Fetch-Mode: cors"}
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			key := keyOf(t, "ed25519")
			require := acmeRequire(key)
			lines := covering("cookie? origin? x-forwarded-for? sec-fetch-mode?") + "\nbrowsers any\n"
			if keep {
				lines += "client_headers keep Cookie Origin X-Forwarded-For\nclient_headers keep Sec-Fetch-Mode\n"
				require.Components = append(require.Components, "cookie", "origin", "x-forwarded-for", "sec-fetch-mode")
			}
			partner := partnertest.New(t, partnertest.Options{Require: require})
			caddy := startCaddy(t, siteFile(t, block(partner, lines), partner))
			caddy.send("POST", "/v1/a", strings.NewReader("{}"), headers...).ok(t)
			seen := only(t, partner, 1)[0]
			for name, want := range map[string]string{
				// Caddy's own trust decides on X-Forwarded-For: the client is nobody it trusts.
				"Cookie": "session=1", "Origin": "https://app.example.com", "X-Forwarded-For": "127.0.0.1", "Sec-Fetch-Mode": "cors",
			} {
				if got := seen.Header.Get(name); keep && got != want || !keep && got != "" {
					t.Errorf("%s is %q", name, got)
				}
			}
			if seen.Header.Has("Referer") {
				t.Error("Referer is there")
			}
		})
	}
}

// What no allow line matches is refused, and the partner sees nothing of it.
func TestFeatureAllow(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "allow GET,POST /v1/payments /v1/payments/*", "allow GET /v1/reports/**")
	for _, call := range []string{
		"DELETE /v1/payments", "POST /v1/payments/1/refunds", "GET /v1/Payments", "POST /v1/reports/1", "GET /", "GET /v1/payments/", "GET /v1/payments/a%2Fb",
	} {
		method, target, _ := strings.Cut(call, " ")
		caddy.send(method, target, strings.NewReader("{}")).refused(t, 403, "not-allowed")
	}
	untouched(t, partner)
	for _, call := range []string{"GET /v1/payments", "HEAD /v1/payments?x=1", "POST /v1/payments/1", "GET /v1/reports", "GET /v1/reports/a/b/c"} {
		method, target, _ := strings.Cut(call, " ")
		caddy.send(method, target, nil).ok(t)
	}
	only(t, partner, 5)
}

func TestFeatureBrowsers(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "browsers https://app.example.com")
	for _, header := range []string{"Origin: https://evil.example", "Origin: null", "Origin: https://app.example.com.evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-origin"} {
		caddy.send("POST", "/v1/a", strings.NewReader("{}"), header).refused(t, 403, "browser-refused")
	}
	untouched(t, partner)
	for _, header := range []string{"Origin: https://app.example.com", "Sec-Fetch-Site: none", "X-Any: thing"} {
		caddy.send("POST", "/v1/a", strings.NewReader("{}"), header).ok(t)
	}
	for _, seen := range only(t, partner, 3) {
		if seen.Header.Has("Origin") || seen.Header.Has("Sec-Fetch-Site") {
			t.Error("the partner saw what the browser said")
		}
	}
}

func TestFeatureClientHosts(t *testing.T) {
	port := func(caddy *process) string { return caddy.URL[strings.LastIndexByte(caddy.URL, ':'):] }
	t.Run("by default", func(t *testing.T) {
		partner := newAcme(t, partnertest.Options{})
		site := longForm("https://partner.test", []string{partner.URL()}, acme, "")
		guard := "partnersign_guard {\n}\n"
		caddy := startCaddy(t, everyHost(siteFile(t, guard+site, partner)))
		for _, host := range []string{"rebound.example", "rebound.example" + port(caddy), "localhost.evil.example", "127.0.0.1.evil.example"} {
			caddy.send("GET", "/v1/a", nil, "Host: "+host).refused(t, 421, "wrong-host")
		}
		untouched(t, partner)
		for _, host := range []string{"127.0.0.1" + port(caddy), "localhost", "app.localhost:1", "[::1]", "192.0.2.1:80"} {
			caddy.send("GET", "/v1/a", nil, "Host: "+host).ok(t)
		}
		only(t, partner, 5)
	})
	t.Run("by name", func(t *testing.T) {
		partner := newAcme(t, partnertest.Options{})
		caddy := startCaddy(t, everyHost(siteFile(t, block(partner, acme+"\nclient_hosts partners.internal *.apps.internal"), partner)))
		for _, host := range []string{"127.0.0.1", "localhost", "internal", "apps.internal", "partners.internal.evil.example"} {
			caddy.send("GET", "/v1/a", nil, "Host: "+host).refused(t, 421, "wrong-host")
		}
		untouched(t, partner)
		for _, host := range []string{"partners.internal", "Partners.Internal:8080", "a.apps.internal", "partners.internal."} {
			caddy.send("GET", "/v1/a", nil, "Host: "+host).ok(t)
		}
		for _, seen := range only(t, partner, 4) {
			if seen.Authority != authority(partner) {
				t.Errorf("the partner was called %s", seen.Authority)
			}
		}
	})
}

// everyHost is the site for every host: the harness's own is for 127.0.0.1.
func everyHost(c caddyfile) caddyfile {
	c.Site += "\n}\nhttp://:PORT {\n\tbind 127.0.0.1\n" + c.Site
	return c
}

func TestFeatureClientAuth(t *testing.T) {
	for name, test := range map[string]struct {
		line    string
		good    []string
		bad     []string
		dropped string
	}{
		"Proxy-Authorization": {
			"client_auth {env.CLIENT_SECRET}",
			[]string{"Proxy-Authorization: Bearer secret-of-client", "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("any:secret-of-client"))},
			[]string{"", "Proxy-Authorization: Bearer other", "Proxy-Authorization: secret-of-client", "Authorization: Bearer secret-of-client", "Proxy-Authorization: Basic !"},
			"Proxy-Authorization",
		},
		"another header": {
			"client_auth {env.CLIENT_SECRET} X-Client-Secret",
			[]string{"X-Client-Secret: secret-of-client"},
			[]string{"", "X-Client-Secret: other", "X-Client-Secret: secret-of-client2", "Proxy-Authorization: Bearer secret-of-client"},
			"X-Client-Secret",
		},
	} {
		t.Run(name, func(t *testing.T) {
			partner := newAcme(t, partnertest.Options{})
			c := siteFile(t, block(partner, acme+"\n"+test.line), partner)
			c.Env = append(c.Env, "CLIENT_SECRET=secret-of-client")
			caddy := startCaddy(t, c)
			for _, header := range test.bad {
				if header == "" {
					header = "X-None: x"
				}
				res := caddy.send("POST", "/v1/a", strings.NewReader("{}"), header)
				res.refused(t, 401, "client-unauthenticated")
				if res.Header.Get("WWW-Authenticate") == "" && res.Header.Get("Proxy-Authenticate") == "" {
					t.Error("the answer does not say how to authenticate")
				}
			}
			untouched(t, partner)
			for _, header := range test.good {
				caddy.send("POST", "/v1/a", strings.NewReader("{}"), header).ok(t)
			}
			for _, seen := range only(t, partner, len(test.good)) {
				for _, field := range seen.Header {
					if strings.EqualFold(field[0], test.dropped) || strings.Contains(field[1], "secret-of-client") {
						t.Errorf("the partner saw %s: %s", field[0], field[1])
					}
				}
			}
			if strings.Contains(caddy.Output(), "secret-of-client") {
				t.Error("the secret was printed")
			}
		})
	}
}

// A partner that hangs costs the client timeout, and no more; one that answers
// in time may stream for longer.
func TestFeatureTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		start    func(*testing.T, partnertest.Options, ...string) (*partnertest.Partner, *process)
		protocol string
	}{
		"held": {startAcme, "http/1.1"}, "held HTTP2": {startAcme, "h2"}, "streamed": {startSignOnly, "http/1.1"}, "streamed HTTP2": {startSignOnly, "h2"},
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				left := make(chan struct{}, 1)
				partner, caddy := test.start(t, partnertest.Options{Protocols: []string{test.protocol}, Answer: func(_ http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
					if r.URL.Path != "/v1/hang" {
						return false
					}
					<-r.Context().Done()
					left <- struct{}{}
					return true
				}}, "timeout 1s")
				// A client that keeps its connection, whose end Caddy could see.
				conn := caddy.dial()
				body := ""
				if method == "POST" {
					body = "{}"
				}
				begin := time.Now()
				fmt.Fprintf(conn, "%s /v1/hang HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", method, len(body), body)
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				text := new(strings.Builder)
				_, _ = bufio.NewReader(res.Body).WriteTo(text)
				answer{res, text.String()}.refused(t, 504, "too-slow")
				if took := time.Since(begin); took < 900*time.Millisecond || took > 4*time.Second {
					t.Errorf("it took %s", took)
				}
				select {
				case <-left:
				case <-time.After(5 * time.Second):
					t.Error("the partner still works for nobody")
				}
				only(t, partner, 1)
				caddy.send(method, "/v1/a", strings.NewReader(body)).ok(t)
				caddy.memoryReturned(t)
			})
		}
	}
}

// Callers on a unix socket have no name to be rebound.
func TestFeatureListenOnUnixSocket(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	dir := shortDir(t)
	c := siteFile(t, block(partner, acme), partner)
	socket := filepath.Join(dir, "site.sock")
	c.Site = "respond 500\n}\nhttp://rebound.example {\n\tbind unix/" + socket + "\n" + c.Site
	caddy := startCaddy(t, c)
	client := unixClient(t, socket)
	for _, method := range []string{"GET", "POST"} {
		req, err := http.NewRequest(method, "http://rebound.example/v1/a", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != 200 {
			t.Errorf("answered %s\n%s", res.Status, tail(caddy.Log(), 1000))
		}
	}
	only(t, partner, 2)
}
