package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// An upstream whose name leads back to this proxy is refused before anything
// is written to it.
func TestLoopIsRefused(t *testing.T) {
	socket := filepath.Join(shortDir(t), "loop.sock")
	for name, site := range map[string]string{
		"its own site":     blockAt("https://localhost:PROXY", acme),
		"address":          blockAt("https://127.0.0.1:PROXY", acme),
		"another site":     strings.Replace(blockAt("https://localhost:PROXY", acme), "PROXY", "PORT", 1),
		"without TLS":      blockAt("http://127.0.0.1:PROXY", acme),
		"resolved":         strings.Replace(blockAt("https://"+partnerName+":PROXY", acme), "transport http {", "transport http {\n\t\tresolvers "+serveDNS(t, "127.0.0.1"), 1),
		"a wildcard":       blockAt("https://127.0.0.1:WILD", acme) + "}\nhttp://:WILD {\n",
		"a wildcard, IPv6": blockAt("https://[::1]:WILD", acme) + "}\nhttp://:WILD {\n",
		"a socket":         blockAt("unix/"+socket, acme) + "}\nhttp://:8 {\nbind unix/" + socket + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			partner := newAcme(t, partnertest.Options{})
			caddy := startForward(t, strings.ReplaceAll(site, "WILD", freePort(t)), partner)
			got := caddy.exchange(t, "POST /v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
			got.is(t, 508, "loop-detected")
			if strings.Contains(caddy.Log(), "token-of-acme") {
				t.Error("the log holds the token")
			}
			if n := len(caddy.logged("http.log.access", "handled request")); n > 1 {
				t.Errorf("%d requests were logged, want 1: this one came back", n)
			}
		})
	}
}
