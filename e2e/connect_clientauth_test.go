package e2e

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Callers authenticate with their CONNECT, once, and are asked to by a 407.
func TestConnectClientAuth(t *testing.T) {
	const secret = "canary-client-auth-0f1e2d3c"
	partner, tunnelled := newAcme(t, partnertest.Options{}), newAcme(t, partnertest.Options{})
	for name, block := range map[string]string{
		"for all":    connects("client_auth {env.CLIENT_AUTH}\ntunnel "+strings.TrimPrefix(localhost(tunnelled), "https://"), namedBlock(t, partner, "127.0.0.1", acme)),
		"both":       connects("client_auth {env.CLIENT_AUTH}\ntunnel "+strings.TrimPrefix(localhost(tunnelled), "https://"), namedBlock(t, partner, "127.0.0.1", acme+"\nclient_auth {env.CLIENT_AUTH}")),
		"of partner": connects("", namedBlock(t, partner, "127.0.0.1", acme+"\nclient_auth {env.CLIENT_AUTH}")),
	} {
		t.Run(name, func(t *testing.T) {
			partner.Reset()
			caddy := startForward(t, block, partner)
			target := strings.TrimPrefix(named(partner), "https://")
			if name != "of partner" {
				targets := []string{target, strings.TrimPrefix(localhost(tunnelled), "https://"), "other.example:443"}
				for _, target := range targets {
					for _, header := range []string{"X-Y: z", "Proxy-Authorization: Bearer wrong", "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("app:wrong")), "Authorization: Bearer " + secret} {
						_, got := caddy.ask(t, target, header)
						got.is(t, 407, "client-unauthenticated")
						if challenge := got.Header.Get("Proxy-Authenticate"); !strings.HasPrefix(challenge, "Basic ") {
							t.Errorf("the challenge is %q", challenge)
						}
					}
				}
			}
			res, err := caddy.client(t, secret).Get(named(partner) + "/v1")
			if err != nil || res.StatusCode != 200 {
				t.Fatalf("%v %v", res, err)
			}
			res.Body.Close()
			if seen := only(t, partner, 1)[0]; seen.Header.Get("Proxy-Authorization") != "" {
				t.Error("the partner got Proxy-Authorization")
			}
			if name == "of partner" { // which is asked inside the tunnel
				res, err := caddy.client(t, "wrong").Get(named(partner) + "/v1")
				if err != nil || res.StatusCode != 401 {
					t.Fatalf("%v %v", res, err)
				}
				res.Body.Close()
			}
			if strings.Contains(caddy.Log(), secret) {
				t.Error("the log holds the secret")
			}
		})
	}
	untouched(t, tunnelled)
}
