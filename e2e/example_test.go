package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// The example runs once the environment and the files that it names are there.
func TestExampleCaddyfile(t *testing.T) {
	text, err := os.ReadFile("../caddy.Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, "ed25519")
	partner := partnertest.New(t, partnertest.Options{Require: partnertest.Require{
		Bearer: "token", Keys: map[string]partnertest.Key{"acme-2026": key.Partner}, ContentDigest: "sha-256", IdempotencyKey: partnertest.RawUUID,
	}})
	options, site, ok := strings.Cut(string(text), "http://localhost:8080, http://127.0.0.1:8080 {\n\tbind 127.0.0.1\n")
	if !ok {
		t.Fatal("the example has another site address than this test expects")
	}
	_, options, _ = strings.Cut(options, "{\n")
	replace := strings.NewReplacer(
		"/run/secrets/acme-ed25519.pem", "DIR/acme-ed25519.pem",
		"partner_proxy https://api.acme.example {", "partner_proxy "+partner.URL()+" {\n\t\t\ttransport http {\n\t\t\t\ttls_trust_pool file DIR/ca.pem\n\t\t\t}",
	)
	caddy := startCaddy(t, caddyfile{
		Options: strings.TrimSuffix(strings.TrimSpace(options), "}"),
		Site:    strings.TrimSuffix(strings.TrimSpace(replace.Replace(site)), "}"),
		Files:   map[string]string{"ca.pem": string(partner.CA()), "acme-ed25519.pem": key.File},
		Env:     []string{"ACME_TOKEN=token"},
	})
	res := caddy.send("POST", "/acme/v1/payments", strings.NewReader("{}"))
	if seen := partner.Last(); res.StatusCode != 200 || seen == nil || !seen.Verdict.OK || seen.Target != "/v1/payments" {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	if res := caddy.send("GET", "/other", nil); res.StatusCode != 404 {
		t.Errorf("another path: %d", res.StatusCode)
	}
}
