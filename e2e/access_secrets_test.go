package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Of two partners on one listener each secret opens its own, in the header that
// its partner asks for.
func TestAccessSecrets(t *testing.T) {
	acmePartner, other := newAcme(t, partnertest.Options{}), newAcme(t, partnertest.Options{})
	site := "handle_path /acme/* {\n" + block(acmePartner, acme+"\nname acme\nclient_auth {env.FOR_ACME}") + "}\n" +
		"handle_path /other/* {\n" + block(other, acme+"\nname other\nclient_auth {env.FOR_OTHER} X-Other-Secret") + "}\n"
	c := siteFile(t, site, acmePartner, other)
	c.Env = append(c.Env, "FOR_ACME=canary-for-acme", "FOR_OTHER=canary-for-other")
	caddy := startCaddy(t, c)
	for path, own := range map[string]string{"/acme/v1": "Proxy-Authorization: Bearer canary-for-acme", "/other/v1": "X-Other-Secret: canary-for-other"} {
		for _, header := range []string{
			"X-None: x", "Proxy-Authorization: Bearer canary-for-acme", "Proxy-Authorization: Bearer canary-for-other",
			"X-Other-Secret: canary-for-acme", "X-Other-Secret: canary-for-other",
		} {
			got := caddy.send("POST", path, strings.NewReader("{}"), header)
			if header == own {
				got.ok(t)
			} else {
				got.refused(t, 401, "client-unauthenticated")
			}
			if strings.Contains(fmt.Sprint(got.Header, got.Text), "canary") {
				t.Errorf("the answer holds a secret: %v %s", got.Header, got.Text)
			}
		}
	}
	for _, partner := range []*partnertest.Partner{acmePartner, other} {
		for _, seen := range only(t, partner, 1) {
			if strings.Contains(fmt.Sprint(seen.Header), "canary-for") {
				t.Errorf("a partner saw a caller's secret: %v", seen.Header)
			}
		}
	}
}
