package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What is said in the tunnel must be what CONNECT has asked for.
func TestConnectRefusesDisagreement(t *testing.T) {
	acmePartner, other := newAcme(t, partnertest.Options{}), newAcme(t, partnertest.Options{})
	caddy := startForward(t, connects("", namedBlock(t, acmePartner, "127.0.0.1", acme), blockAt(other.URL(), acme)), acmePartner, other)
	target := strings.TrimPrefix(named(acmePartner), "https://")
	otherTarget := strings.TrimPrefix(other.URL(), "https://")
	for name, test := range map[string]struct {
		sni, request string
		status       int
		kind         string
	}{
		"agreement":          {partnerName, "GET /v1 HTTP/1.1\r\nHost: " + target, 200, ""},
		"without SNI":        {"", "GET /v1 HTTP/1.1\r\nHost: " + target, 200, ""},
		"other case":         {strings.ToUpper(partnerName), "GET /v1 HTTP/1.1\r\nHost: " + strings.ToUpper(target), 200, ""},
		"absolute form":      {partnerName, "GET https://" + target + "/v1 HTTP/1.1\r\nHost: other.example", 200, ""},
		"another SNI":        {"other.example", "GET /v1 HTTP/1.1\r\nHost: " + target, 421, "wrong-host"},
		"another partner":    {partnerName, "GET /v1 HTTP/1.1\r\nHost: " + otherTarget, 421, "wrong-host"},
		"another host":       {partnerName, "GET /v1 HTTP/1.1\r\nHost: other.example", 421, "wrong-host"},
		"another port":       {partnerName, "GET /v1 HTTP/1.1\r\nHost: " + partnerName, 421, "wrong-host"},
		"localhost":          {partnerName, "GET /v1 HTTP/1.1\r\nHost: localhost", 421, "wrong-host"},
		"no host":            {partnerName, "GET /v1 HTTP/1.0\r\nX-Y: z", 421, "wrong-host"},
		"dot at the end":     {partnerName, "GET /v1 HTTP/1.1\r\nHost: " + strings.Replace(target, ":", ".:", 1), 421, "wrong-host"},
		"absolute, other":    {partnerName, "GET https://" + otherTarget + "/v1 HTTP/1.1\r\nHost: " + target, 421, "wrong-host"},
		"absolute, http":     {partnerName, "GET http://" + target + "/v1 HTTP/1.1\r\nHost: " + target, 421, "wrong-host"},
		"tunnel in a tunnel": {partnerName, "CONNECT " + target + " HTTP/1.1\r\nHost: " + target, 400, "invalid-request"},
	} {
		t.Run(name, func(t *testing.T) {
			acmePartner.Reset()
			conn, got := caddy.ask(t, target)
			got.ok(t)
			inside := caddy.tls(t, conn, partnerName, test.sni)
			fmt.Fprintf(inside, "%s\r\n\r\n", test.request)
			got = readFrom(t, bufio.NewReader(inside), http.MethodGet)
			if test.status == 200 {
				got.ok(t)
				only(t, acmePartner, 1)
				return
			}
			got.is(t, test.status, test.kind)
			untouched(t, acmePartner)
		})
	}
	untouched(t, other)
}
