package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// An application that keeps its URL and sets HTTPS_PROXY has its requests
// signed, over HTTP/1.1 and HTTP/2.
func TestConnectSigns(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startForward(t, connects("", blockAt(partner.URL(), acme)), partner)
	for i, protocol := range []string{"HTTP/2.0", "HTTP/1.1"} {
		client := caddy.client(t)
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = i == 0
		res, err := client.Post(partner.URL()+"/v1/payments?expand=all", "application/json", strings.NewReader(`{"amount":"12.50"}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 || res.Proto != protocol {
			t.Fatalf("%s %d %s %v", res.Proto, res.StatusCode, body, err)
		}
	}
	for _, seen := range only(t, partner, 2) {
		if seen.Target != "/v1/payments?expand=all" || string(seen.Body) != `{"amount":"12.50"}` {
			t.Errorf("the partner got %s %s", seen.Target, seen.Body)
		}
	}
	if log := caddy.Log() + caddy.Output() + caddy.admin("/config/"); strings.Contains(log, "token-of-acme") || strings.Contains(log, "PRIVATE KEY") {
		t.Error("the log or the configuration holds a secret")
	}
}
