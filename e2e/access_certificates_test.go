package e2e

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Of two partners behind mutual TLS each certificate may use its own, and none
// without one.
func TestAccessCertificates(t *testing.T) {
	ca, otherCA, dir := newClientCA(t), newClientCA(t), t.TempDir()
	billing, _ := ca.issue(t, dir, "billing.internal")
	shop, shopCertificate := ca.issue(t, dir, "shop.internal")
	stranger, _ := ca.issue(t, dir, "stranger.internal")
	forged, _ := otherCA.issue(t, t.TempDir(), "billing.internal")
	curls := map[string][]string{"billing": {"--cert", billing}, "shop": {"--cert", shop}, "stranger": {"--cert", stranger}, "forged": {"--cert", forged}, "none": nil}
	for mode, withoutTLS := range map[string][]string{"require_and_verify": {"none", "forged"}, "verify_if_given": {"forged"}} {
		t.Run(mode, func(t *testing.T) {
			partner, server, port := newAcme(t, partnertest.Options{}), newIdentity(t, "127.0.0.1", "partners.internal"), freePort(t)
			site := "tls DIR/server.pem DIR/server.key {\nclient_auth {\nmode " + mode + "\ntrust_pool file DIR/clients.pem\n}\n}\n" +
				"handle_path /billing/* {\n" + block(partner, acme+"\nclient_hosts partners.internal\nclient_certificates billing.internal") + "}\n" +
				"handle_path /shop/* {\n" + block(partner, acme+fmt.Sprintf("\nclient_hosts partners.internal\nclient_certificates sha256:%x", sha256.Sum256(shopCertificate.Raw))) + "}\n"
			// Open to the network: what authenticates is the certificate.
			c := siteFile(t, "respond 404\n}\nhttps://partners.internal:"+port+" {\nbind 0.0.0.0\n"+site, partner)
			c.Files["server.pem"], c.Files["server.key"], c.Files["clients.pem"] = server.CertPEM, server.KeyPEM, ca.CertPEM
			caddy := startCaddy(t, c)
			caddy.waitFor(port)
			calls := 0
			for name, args := range curls {
				for _, path := range []string{"billing", "shop"} {
					for _, version := range []string{"--http1.1", "--http2"} {
						args := append([]string{version, "--cacert", caddy.path("server.pem"), "--resolve", "partners.internal:" + port + ":127.0.0.1"}, args...)
						status, body := caller{}.curl(t, append(args, "https://partners.internal:"+port+"/"+path+"/v1")...)
						what := fmt.Sprintf("%s asks for %s, %s", name, path, version)
						switch {
						case slices.Contains(withoutTLS, name):
							is(t, what, status, body, 0, "")
						case name == path:
							is(t, what, status, body, 200, "")
							calls++
						default:
							is(t, what, status, body, 403, "client-refused")
						}
					}
				}
			}
			only(t, partner, calls)
		})
	}
}
