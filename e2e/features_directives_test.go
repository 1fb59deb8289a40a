package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// covering is acme with more components in its signature.
func covering(components string) string {
	return strings.Replace(acme, "idempotency-key?", "idempotency-key? "+components, 1)
}

// matched puts a matcher into a block of partner_proxy.
func matched(matcher, block string) string {
	return strings.Replace(block, "partner_proxy ", "partner_proxy "+matcher+" ", 1)
}

// What reverse_proxy can do with an answer, it can do with the partner's.
func TestFeatureHandleResponse(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{Answer: answering(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Partner", "old value")
		w.Header().Set("X-Internal", "secret")
		status := 0
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "the partner's")
	})}, `
		@missing status 404
		handle_response @missing {
			copy_response_headers {
				include X-Partner
			}
			respond "ours" 410
		}
		@conflict status 409
		handle_response @conflict {
			header X-Copied yes
			copy_response 422
		}
		@teapot status 418
		replace_status @teapot 203
		header_down -X-Internal
		header_down X-Added added
		header_down X-Partner old new
	`)
	for _, test := range []struct {
		path    string
		status  int
		text    string
		headers map[string]string
	}{
		{"/200", 200, "the partner's", map[string]string{"X-Partner": "new value", "X-Added": "added", "X-Internal": ""}},
		{"/404", 410, "ours", map[string]string{"X-Partner": "old value", "X-Added": "", "X-Internal": ""}},
		{"/409", 422, "the partner's", map[string]string{"X-Partner": "new value", "X-Copied": "yes", "X-Internal": ""}},
		{"/418", 203, "the partner's", map[string]string{"X-Partner": "new value", "X-Added": "added"}},
		{"/500", 500, "the partner's", map[string]string{"X-Partner": "new value"}},
	} {
		partner.Reset()
		res := caddy.send("POST", test.path, strings.NewReader("{}"))
		if res.StatusCode != test.status || res.Text != test.text {
			t.Errorf("%s: answered %d %q", test.path, res.StatusCode, res.Text)
		}
		for name, want := range test.headers {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", test.path, name, got, want)
			}
		}
		only(t, partner, 1)
	}
}

// Another partner may stand in for one that cannot be reached, and what its
// request held is given back.
func TestFeatureErrorsLeadToAnotherPartner(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	for name, dead := range map[string]string{"directly": "", "through reverse_proxy": "\nlb_retries 0"} {
		t.Run(name, func(t *testing.T) {
			partner.Reset()
			site := blockAt("https://"+deadAddress(t), "bearer {env.ACME_TOKEN}"+dead) + "handle_errors {\n" + block(partner, acme) + "}\n"
			caddy := startCaddy(t, siteFile(t, site, partner))
			for range 3 {
				caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
			}
			only(t, partner, 3)
			caddy.memoryReturned(t)
		})
	}
}

// A forward proxy that lets nothing through is told from a partner that has failed.
func TestFeatureForwardProxyRefuses(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(407) }))
	defer proxy.Close()
	partner := newAcme(t, partnertest.Options{})
	site := strings.Replace(block(partner, acme), "transport http {", "transport http {\nnetwork_proxy url "+proxy.URL, 1)
	caddy := startCaddy(t, siteFile(t, site, partner))
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).refused(t, 502, "partner-unreachable")
}

// Without handle_errors the client is told what happened; with it, the site's
// answer is given.
func TestFeaturePartnerUnreachable(t *testing.T) {
	for name, url := range map[string]string{
		"https": "https://" + deadAddress(t), "http": "http://" + deadAddress(t), "unix": "unix/" + filepath.Join(t.TempDir(), "none.sock"),
	} {
		t.Run(name, func(t *testing.T) {
			partner := newAcme(t, partnertest.Options{})
			c := siteFile(t, blockAt(url, acme), partner)
			caddy := startCaddy(t, c)
			for _, method := range []string{"GET", "POST"} {
				res := caddy.send(method, "/v1/a", strings.NewReader("{}"))
				res.refused(t, 502, "partner-unreachable")
				if res.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("Cache-Control is %q", res.Header.Get("Cache-Control"))
				}
			}
			if n := caddy.metric("partnersign_requests_total", `outcome="unreached"`); n != 2 {
				t.Errorf("%v requests are counted as unreached", n)
			}
			caddy.memoryReturned(t)

			c.Site += "handle_errors 502 {\n respond \"sorry: {err.status_code}\" 599\n}"
			caddy.mustReload(c)
			if res := caddy.send("POST", "/v1/a", strings.NewReader("{}")); res.StatusCode != 599 || res.Text != "sorry: 502" {
				t.Errorf("answered %d %q", res.StatusCode, res.Text)
			}
			// The site's answer, too, comes only when there is none: all is well afterwards.
			caddy.mustReload(siteFile(t, block(partner, acme)+"handle_errors {\n respond 599\n}", partner))
			caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
			only(t, partner, 1)
		})
	}
}

// Headers that the site sets are part of what is signed.
func TestFeatureHeaderUpIsSigned(t *testing.T) {
	key := keyOf(t, "ed25519")
	require := acmeRequire(key)
	require.Components = append(require.Components, "x-tenant", "x-replaced", "x-more", "x-site")
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			partner := partnertest.New(t, partnertest.Options{Protocols: []string{protocol}, Require: require})
			site := "request_header X-Site {http.request.method}\nrequest_header -X-Site-Drop\n" + block(partner, covering("x-tenant x-replaced x-more x-site")+`
				header_up X-Tenant acme
				header_up X-Replaced old new
				header_up +X-More second
				header_up -X-Dropped
			`)
			caddy := startCaddy(t, siteFile(t, site, partner))
			caddy.send("POST", "/v1/a", strings.NewReader("{}"), "X-Tenant: forged", "X-Replaced: the old one", "X-More: first", "X-Dropped: x",
				"X-Site: forged", "X-Site-Drop: x").ok(t)
			seen := only(t, partner, 1)[0]
			for name, want := range map[string]string{
				"X-Tenant": "acme", "X-Replaced": "the new one", "X-More": "first|second", "X-Site": "POST", "X-Dropped": "", "X-Site-Drop": "",
			} {
				if got := strings.Join(seen.Header.Values(name), "|"); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// What is signed is the target as the directives in front have made it.
func TestFeatureRewrittenTargetsAreSigned(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	site := `
		rewrite /search /find?q={query.term}&fixed=%2F
		rewrite /empty /empty?
		uri /api/* strip_prefix /api
		uri /renamed/* replace /renamed/ /new/
		uri /v1/* query -internal
		handle_path /acme/* {
			` + block(partner, acme) + `
		}
		handle {
			` + block(partner, acme) + `
		}`
	caddy := startCaddy(t, siteFile(t, site, partner))
	for target, want := range map[string]string{
		"/plain/a%20b?x=%2F&y=1":      "/plain/a%20b?x=%2F&y=1",
		"/search?term=abc":            "/find?q=abc&fixed=%2F",
		"/api/v1/a?x=1":               "/v1/a?x=1",
		"/api/a%2Fb":                  "/a%2Fb",
		"/renamed/a":                  "/new/a",
		"/acme/v1/payments/a%20b?x=y": "/v1/payments/a%20b?x=y",
		"/acme/":                      "/",
		"/v1/a?internal=1&external=2": "/v1/a?external=2",
	} {
		partner.Reset()
		caddy.send("POST", target, strings.NewReader("{}")).ok(t)
		if seen := only(t, partner, 1)[0]; seen.Target != want {
			t.Errorf("%s arrived as %s, want %s", target, seen.Target, want)
		}
	}
}

// Each partner_proxy has a key, a token and an upstream of its own; matchers
// decide between them.
func TestFeatureSeveralPartners(t *testing.T) {
	type one struct {
		*partnertest.Partner
		lines string
	}
	files := map[string]string{}
	start := func(name, algorithm string) one {
		key := keyOf(t, algorithm)
		require := acmeRequire(key)
		require.Bearer, require.Keys = "token-of-"+name, map[string]partnertest.Key{name: key.Partner}
		files[name+".pem"] = key.File
		lines := strings.NewReplacer("ACME_TOKEN", strings.ToUpper(name), "key.pem", name+".pem", "acme-2026", name).Replace(acme)
		return one{partnertest.New(t, partnertest.Options{Require: require}), lines}
	}
	alpha, beta, gamma := start("alpha", "ed25519"), start("beta", "ecdsa-p256-sha256"), start("gamma", "ecdsa-p384-sha384")
	site := "@writes method POST PUT\n" +
		"handle_path /alpha/* {\n" + block(alpha.Partner, alpha.lines) + "}\n" +
		"handle_path /beta/* {\n" + block(beta.Partner, beta.lines) + "}\n" +
		"handle {\n" + matched("@writes", block(gamma.Partner, gamma.lines)) + matched("/v2/*", block(beta.Partner, beta.lines)) + block(alpha.Partner, alpha.lines) + "}\n"
	c := siteFile(t, site, alpha.Partner, beta.Partner, gamma.Partner)
	for name, content := range files {
		c.Files[name] = content
	}
	c.Env = []string{"ALPHA=token-of-alpha", "BETA=token-of-beta", "GAMMA=token-of-gamma"}
	caddy := startCaddy(t, c)
	for _, test := range []struct {
		method, target, arrives string
		at                      one
	}{
		{"POST", "/alpha/v1/a", "/v1/a", alpha}, {"POST", "/beta/v1/a", "/v1/a", beta}, {"GET", "/beta/v2/b", "/v2/b", beta},
		{"POST", "/v1/c", "/v1/c", gamma}, {"PUT", "/v2/c", "/v2/c", gamma}, {"GET", "/v2/d", "/v2/d", beta}, {"GET", "/v1/e", "/v1/e", alpha},
	} {
		for _, p := range []one{alpha, beta, gamma} {
			p.Reset()
		}
		caddy.send(test.method, test.target, strings.NewReader("{}")).ok(t)
		if seen := only(t, test.at.Partner, 1)[0]; seen.Target != test.arrives || seen.Method != test.method {
			t.Errorf("%s %s arrived as %s %s", test.method, test.target, seen.Method, seen.Target)
		}
		if n := len(alpha.Requests()) + len(beta.Requests()) + len(gamma.Requests()); n != 1 {
			t.Errorf("%s %s arrived %d times", test.method, test.target, n)
		}
	}
}

// A snippet holds what several partners share.
func TestFeatureSnippet(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	c := siteFile(t, block(partner, "import signed acme-2026"), partner)
	// The global options end here, and the harness closes the snippet.
	c.Options = "}\n(signed) {\n" + strings.Replace(acme, "acme-2026", "{args[0]}", 1)
	caddy := startCaddy(t, c)
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	only(t, partner, 1)
}

// A partner that asks for a client certificate gets the one of tls_client_auth.
func TestFeatureMutualTLS(t *testing.T) {
	client, stranger, server := newIdentity(t, "client.test"), newIdentity(t, "client.test"), newIdentity(t, "127.0.0.1")
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM([]byte(client.CertPEM))
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{server.Certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
	})
	if err != nil {
		t.Fatal(err)
	}
	// The partner behind it knows nothing of TLS, so the scheme is not verified here.
	require := acmeRequire(keyOf(t, "ed25519"))
	require.Components = []string{"@method", "@authority", "@path", "authorization", "content-digest?"}
	partner := partnertest.New(t, partnertest.Options{Listener: listener, Plain: true, Protocols: []string{"http/1.1"}, Require: require})
	lines := strings.Replace(acme, "@target-uri", "@authority @path", 1)
	site := func(auth string) caddyfile {
		c := siteFile(t, strings.Replace(blockAt("https://"+listener.Addr().String(), lines), "transport http {", "transport http {\n"+auth, 1))
		c.Files = map[string]string{
			"ca.pem": server.CertPEM, "key.pem": keyOf(t, "ed25519").File,
			"client.pem": client.CertPEM, "client.key": client.KeyPEM, "stranger.pem": stranger.CertPEM, "stranger.key": stranger.KeyPEM,
		}
		return c
	}
	caddy := startCaddy(t, site("tls_client_auth DIR/client.pem DIR/client.key"))
	for range 2 {
		caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	}
	if seen := only(t, partner, 2); seen[1].Conn != seen[0].Conn {
		t.Error("the connection is not reused")
	}
	partner.Reset()
	for name, auth := range map[string]string{"no certificate": "", "another one": "tls_client_auth DIR/stranger.pem DIR/stranger.key"} {
		caddy.mustReload(site(auth))
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" "+method, func(t *testing.T) {
				caddy.send(method, "/v1/a", strings.NewReader("{}")).refused(t, 502, "partner-failed")
			})
		}
	}
	untouched(t, partner)
}
