package e2e

import (
	"encoding/base64"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Our own endpoints answer and change nothing: neither those for probes, nor what
// the admin API has of a running configuration.
func TestHazardReadOnlyEndpoints(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startCaddy(t, siteFile(t, "handle /v1/* {\n"+block(partner, acme)+"}\nhandle {\npartnersign_health\n}", partner))
	config := caddy.admin("/config/")
	for _, path := range []string{"/healthz", "/readyz"} {
		caddy.send("GET", path, nil).ok(t)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "X"} {
			req, err := http.NewRequest(method, caddy.URL+path, strings.NewReader(`{"ready":false}`))
			if err != nil {
				t.Fatal(err)
			}
			res, err := plainClient.Transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode < 400 {
				t.Errorf("%s %s: %s", method, path, res.Status)
			}
		}
		caddy.send("GET", path, nil).ok(t)
	}
	untouched(t, partner)
	if caddy.admin("/config/") != config {
		t.Error("the configuration has changed")
	}
}

// What users copy first listens where only this machine can reach it, and has no
// admin API that would load another configuration for whoever asks.
func TestHazardExampleListensOnLoopback(t *testing.T) {
	for _, path := range []string{"../caddy.Caddyfile.example", "../deploy/Caddyfile"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\n\tadmin off\n") {
			t.Errorf("%s: the admin API is on", path)
		}
		sites, bound := 0, 0
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "http") {
				sites++
			}
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "bind ") {
				bound++
				if line != "bind 127.0.0.1" && !strings.HasSuffix(line, ":127.0.0.1}") {
					t.Errorf("%s: %s", path, line)
				}
			}
		}
		if sites == 0 || bound < sites {
			t.Errorf("%s has %d sites, and %d say where they listen", path, sites, bound)
		}
	}
}

// What a client shows to the proxy stays with the proxy, also where no step sets a
// header of that name, and where Caddy's own basic_auth asks for it.
func TestHazardClientCredentials(t *testing.T) {
	partner := partnertest.New(t, partnertest.Options{})
	hash := exec.Command(os.Args[0], "hash-password", "--plaintext", "canary", "--bcrypt-cost", "10")
	hash.Env = append(os.Environ(), beCaddy+"=1")
	hashed, err := hash.Output()
	if err != nil {
		t.Fatal(err)
	}
	site := "basic_auth {\napp " + strings.TrimSpace(string(hashed)) + "\n}\n" + block(partner, "header X-Other other")
	caddy := startCaddy(t, siteFile(t, site, partner))
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("app:canary"))
	caddy.send("GET", "/v1/a", nil, "Authorization: "+basic, "Cookie: session=canary", "Proxy-Authorization: Bearer canary", "Proxy-Authorization: Basic canary", "X-Other: x").ok(t)
	if n := len(partner.Requests()); n != 1 {
		t.Fatalf("the partner saw %d requests", n)
	}
	for _, field := range partner.Last().Header {
		if strings.Contains(field[1], "canary") || strings.Contains(field[1], basic) {
			t.Errorf("the partner saw %s: %s", field[0], field[1])
		}
	}
}

// Nobody has asked for it, and yet: pages in browsers and rebound names are refused.
func TestHazardBrowsersByDefault(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startCaddy(t, everyHost(siteFile(t, block(partner, acme), partner)))
	for _, header := range []string{"Origin: https://evil.example", "Origin: http://localhost", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			res := caddy.send(method, "/v1/a", nil, header)
			res.refused(t, 403, "browser-refused")
			if res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("a page may read the answer")
			}
		}
	}
	caddy.send("GET", "/v1/a", nil, "Host: rebound.example").refused(t, 421, "wrong-host")
	untouched(t, partner)
}
