package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// One authority decides, whatever the client says: Host, the signed @authority and
// SNI are the upstream's, and so is the name in the certificate.
func TestHazardWrongDestination(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	_, port, _ := strings.Cut(authority(partner), ":")
	caddy := startCaddy(t, everyHost(siteFile(t, blockAt("https://localhost:"+port, acme+"\nbrowsers any\nclient_hosts *"), partner)))
	host := strings.TrimPrefix(caddy.URL, "http://")
	for name, head := range map[string]string{
		"absolute form":              "GET http://" + host + "/v1/a HTTP/1.1\r\nHost: " + host,
		"absolute form, other name":  "GET http://127.0.0.1/v1/a HTTP/1.1\r\nHost: evil.example",
		"absolute form with https":   "GET https://" + host + "/v1/a HTTP/1.1\r\nHost: " + host,
		"absolute form with a user":  "GET http://user:password@" + host + "/v1/a HTTP/1.1\r\nHost: " + host,
		"port in Host":               "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1:1",
		"another Host":               "GET /v1/a HTTP/1.1\r\nHost: evil.example",
		"letter case and a dot":      "GET /v1/a HTTP/1.1\r\nHost: LOCALHOST.:" + port,
		"X-Forwarded-Host":           "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Host: evil.example",
		"method override":            "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-URL: /admin",
		"hop-by-hop nomination":      "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close, Authorization, Signature, Signature-Input",
		"fragment":                   "GET /v1/a#b HTTP/1.1\r\nHost: 127.0.0.1",
		"letter case of header name": "GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nAUTHORIZATION: Bearer own\r\nsIGNATURE: forged",
	} {
		t.Run(name, func(t *testing.T) {
			partner.Reset()
			output := caddy.raw(head+"\r\nConnection: close\r\n\r\n", 5*time.Second)
			if name == "fragment" { // "#" is no part of a request target
				if len(partner.Requests()) != 0 && partner.Last().Target != "/v1/a%23b" {
					t.Errorf("the partner saw %s", partner.Last().Target)
				}
				return
			}
			seen := partner.Last()
			if seen == nil {
				t.Fatalf("the partner saw nothing: %s", output)
			}
			if !seen.Verdict.OK {
				t.Errorf("not accepted: %v", seen.Verdict.Problems)
			}
			if seen.Authority != "localhost:"+port || seen.ServerName != "localhost" || seen.Target != "/v1/a" || seen.Method != "GET" {
				t.Errorf("the partner saw %s %s of %s, by the name %s", seen.Method, seen.Target, seen.Authority, seen.ServerName)
			}
			for _, field := range seen.Header {
				switch strings.ToLower(field[0]) {
				case "x-forwarded-host", "x-forwarded-for", "x-forwarded-proto", "via", "x-http-method-override", "x-original-url", "connection":
					t.Errorf("the partner saw %s: %s", field[0], field[1])
				}
			}
		})
	}
}

// The partner's redirects are the client's to follow.
func TestHazardRedirectsAreNotFollowed(t *testing.T) {
	other := partnertest.New(t, partnertest.Options{})
	_, caddy := startAcme(t, partnertest.Options{Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		http.Redirect(w, r, other.URL()+"/steal", http.StatusTemporaryRedirect)
		return true
	}})
	if res := caddy.send("POST", "/v1/a", strings.NewReader("{}")); res.StatusCode != 307 || len(other.Requests()) != 0 {
		t.Errorf("%d, and the other host saw %d requests", res.StatusCode, len(other.Requests()))
	}
}
