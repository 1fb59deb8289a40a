package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// Nothing that authorises a call is to be found afterwards: not the token, the
// application's secret, keys, user actions and challenges, in logs of level DEBUG
// with and without credentials, metrics, the admin API, adapted configurations
// and answers; not even when Dfns quotes it.
func TestDfnsLeaks(t *testing.T) {
	for _, options := range []string{"", "servers {\n\t\tlog_credentials\n\t}"} {
		t.Run(fmt.Sprintf("credentials logged: %t", options != ""), func(t *testing.T) {
			token := dfnsToken(time.Now().Add(24 * time.Hour)) // which is warned of
			quoting := partnertest.DfnsFailure{Status: 403, Body: `{"error":{"id":"4711","message":"The token ` + token + ` of ` + dfnsAppSecret + ` may not: \"canary-in-the-body\""}}`}
			p := dfnsSetup{App: true, Options: options, Dfns: partnertest.DfnsOptions{Token: token, Fail: func(_ partnertest.DfnsStage, _ int, seen *partnertest.Request) (f partnertest.DfnsFailure) {
				if strings.Contains(string(seen.Body), "canary-in-the-body") {
					f = quoting
				}
				return f
			}}}.start(t)
			secrets := []string{token, token[strings.LastIndexByte(token, '.')+1:], dfnsAppSecret, "canary-in-the-body", "canary-in-a-broken-key"}
			for _, name := range []string{"credential.pem", "app.pem"} {
				for line := range strings.Lines(p.file.Files[name]) {
					if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "-----") {
						secrets = append(secrets, line)
					}
				}
			}

			var answers strings.Builder
			say := func(status int, method, target, body string) {
				res := p.ask(method, target, body)
				if res.StatusCode != status {
					t.Errorf("%s %s: %d %s", method, target, res.StatusCode, res.Text)
				}
				fmt.Fprintln(&answers, res.Header, res.Text)
			}
			say(200, "POST", "/wallets", `{"network":"Bitcoin"}`)
			say(200, "GET", "/wallets", "")
			say(403, "POST", "/wallets", `{"name":"canary-in-the-body"}`)
			say(403, "POST", "/permissions", "{}")
			say(400, "PATCH", "/wallets/wa-1", "{}")
			say(403, "POST", "/wallets/wa-none/delegate", "{}")
			for _, r := range p.Requests() {
				identifier, _ := at(string(r.Body), "challengeIdentifier").(string)
				secrets = append(secrets, identifier)
				for _, name := range []string{"X-DFNS-USERACTION", "X-DFNS-APISIGNATURE", "X-DFNS-NONCE"} {
					secrets = append(secrets, r.Header.Get(name))
				}
			}
			p.replace("credential.pem", "-----BEGIN PRIVATE KEY-----\ncanary-in-a-broken-key\n-----END PRIVATE KEY-----\n")
			within(t, 5*time.Second, "the broken key to be noticed", func() bool {
				say(200, "POST", "/wallets", `{"network":"Bitcoin"}`) // by the former one
				return strings.Contains(p.Log(), "a file has changed and cannot be used")
			})
			p.replace("token", dfnsToken(time.Now().Add(-time.Hour)))
			within(t, 5*time.Second, "the expired token to be read", func() bool { return p.ask("GET", "/wallets", "").StatusCode == 503 })
			say(503, "POST", "/wallets", `{"network":"Bitcoin"}`)
			p.replace("token", token)
			within(t, 5*time.Second, "the token to be back", func() bool { return p.ask("GET", "/wallets", "").StatusCode == 200 })
			p.Close()
			say(502, "POST", "/wallets", `{"network":"Bitcoin"}`)
			p.searchLeaks(t, secrets, answers.String())
		})
	}
}

func (p dfnsProxy) searchLeaks(t *testing.T, secrets []string, answers string) {
	t.Helper()
	adapted, err := caddyCommand(p.process, "adapt", "--config", p.path("Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	searched := 0
	for place, text := range map[string]string{
		"log": p.Log() + p.Output(), "config": p.admin("/config/"), "metrics": p.admin("/metrics"), "answers": answers,
		"adapt": adapted, "goroutines": p.admin("/debug/pprof/goroutine?debug=2"), "autosave": readFile(p.path("caddy/autosave.json")),
	} {
		if text == "" {
			t.Errorf("%s is empty: nothing was searched", place)
		}
		for _, secret := range secrets {
			if secret == "" {
				continue
			}
			searched++
			for encoding, encoded := range encodings(secret) {
				if strings.Contains(text, encoded) {
					t.Errorf("%s holds the secret %.20s… (%s)", place, secret, encoding)
				}
			}
		}
	}
	t.Logf("searched %d times", searched)
}

func encodings(secret string) map[string]string {
	return map[string]string{
		"raw":       secret,
		"base64":    strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")[:len(secret)],
		"base64url": strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "=")[:len(secret)],
		"hex":       hex.EncodeToString([]byte(secret)),
		"url":       url.QueryEscape(secret),
	}
}

// A write has one audit line, its challenge's calls have none, and who has signed
// it is the credential.
func TestDfnsAudit(t *testing.T) {
	p := dfnsSetup{App: true}.start(t)
	p.wallet()
	lines := p.logged("partnersign.audit", "signed")
	if len(lines) != 1 || lines[0]["path"] != "/wallets" || lines[0]["partner"] != "dfns" || fmt.Sprint(lines[0]["key_ids"]) != "[cr-1]" {
		t.Errorf("%v", lines)
	}
	if n := p.metric("partnersign_challenge_seconds_count", `partner="dfns"`); n != 1 {
		t.Errorf("%v challenges were measured", n)
	}
}
