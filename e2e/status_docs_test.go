package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What docs/status.md shows is what the command prints, but for times, the clock and the
// thumbprint.
func TestStatusDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/status.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(caddyfile|text)\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 2 {
		t.Fatalf("the page has %d blocks", len(blocks))
	}
	key := keyOf(t, "ed25519")
	partner := partnertest.New(t, partnertest.Options{})
	lines := strings.TrimSuffix(strings.TrimPrefix(blocks[0][2], "partner_proxy https://api.acme.example {\n"), "}\n")
	p := startCaddy(t, caddyfile{
		Site:  block(partner, strings.ReplaceAll(lines, "/run/secrets/acme.pem", "DIR/acme.pem")),
		Files: map[string]string{"ca.pem": string(partner.CA()), "acme.pem": key.File},
		Env:   []string{"ACME_TOKEN=canary"},
	})
	p.send("POST", "/v1/payments", strings.NewReader("{}"))
	status, stdout, stderr := p.command("status", "--config", p.path("Caddyfile"))
	if status != 0 || stderr != "" {
		t.Errorf("status %d %s", status, stderr)
	}
	stdout = strings.NewReplacer(partner.URL(), "https://api.acme.example", p.path("acme.pem"), "/run/secrets/acme.pem").Replace(stdout)
	if got, want := timeless(stdout), timeless(blocks[1][2]); got != want {
		t.Errorf("the page says\n%s\nand the command\n%s", want, got)
	}
}

func timeless(text string) string {
	for pattern, by := range map[string]string{`\d+[smhd] ago`: "AGO", `thumbprint \S{43}\n`: "thumbprint THUMBPRINT\n", `partner's [-+]\d\.\ds ± \d\.\ds`: "CLOCK"} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, by)
	}
	return text
}
