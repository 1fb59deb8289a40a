package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// {$NAME} puts the value itself into the configuration. Wherever a secret stands it
// is refused, by every command and by the admin API, in words that do not repeat it,
// and what runs goes on.
func TestHazardExpandedSecrets(t *testing.T) {
	const value = "canary-expanded-into-the-configuration"
	partner, caddy := startAcme(t, partnertest.Options{})
	caddy.cmd.Env = append(caddy.cmd.Env, "EXPANDED="+value) // of the commands below
	for name, lines := range map[string]string{
		"bearer":         "bearer {$EXPANDED}",
		"basic_auth":     "basic_auth user {$EXPANDED}",
		"signature":      "signature {\nkey {$EXPANDED}\nalgorithm hmac-sha256\n}",
		"client_auth":    "client_auth {$EXPANDED}",
		"oauth2":         "bearer oauth2 https://auth.example/token {\nclient_id a\nclient_secret {$EXPANDED}\n}",
		"oauth2 key":     "bearer oauth2 https://auth.example/token {\nclient_id a\nkey {$EXPANDED}\n}",
		"app_secret":     "dfns {\napp_id a\napp_secret {$EXPANDED}\n}",
		"credential key": "dfns {\ncredential cr {\nkey {$EXPANDED}\n}\n}",
	} {
		t.Run(name, func(t *testing.T) {
			c := siteFile(t, block(partner, lines), partner)
			said := refusedEverywhere(t, caddy, c)
			if strings.Contains(said, value) {
				t.Errorf("the secret is repeated:\n%s", said)
			}
		})
	}
	t.Run("webhook", func(t *testing.T) {
		if said := refusedEverywhere(t, caddy, caddyfile{Site: "partnersign_verify dfns {\nsecret {$EXPANDED}\n}\nrespond 200"}); strings.Contains(said, value) {
			t.Errorf("the secret is repeated:\n%s", said)
		}
	})
	t.Run("persist", func(t *testing.T) {
		c := caddyfile{Options: "partnersign {\npersist {\nkey {$EXPANDED}\n}\n}", Site: "respond 200"}
		if said := refusedEverywhere(t, caddy, c); strings.Contains(said, value) {
			t.Errorf("the secret is repeated:\n%s", said)
		}
	})
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	only(t, partner, 1)
	for place, text := range map[string]string{"log": caddy.Log() + caddy.Output(), "config": caddy.admin("/config/"), "autosave": readFile(caddy.path("caddy/autosave.json"))} {
		if strings.Contains(text, value) {
			t.Errorf("%s holds the secret", place)
		}
	}
}

// refusedEverywhere checks that no command takes c, and returns what they say.
func refusedEverywhere(t *testing.T, p *process, c caddyfile) (said string) {
	t.Helper()
	p.write(c)
	for _, subcommand := range []string{"adapt", "validate", "reload"} {
		args := []string{subcommand, "--config", p.path("Caddyfile"), "--adapter", "caddyfile"}
		if subcommand == "reload" {
			args = append(args, "--address", "unix/"+p.path("admin.sock"))
		}
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = p.cmd.Env
		output, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("caddy %s succeeds", subcommand)
		}
		said += string(output)
	}
	return said
}

// A literal secret in JSON is refused by the admin API, too: it would be in /config/.
func TestHazardLiteralSecrets(t *testing.T) {
	const value = "canary-literal-in-json"
	_, caddy := startAcme(t, partnertest.Options{})
	var running map[string]any
	if err := json.Unmarshal([]byte(caddy.admin("/config/")), &running); err != nil {
		t.Fatal(err)
	}
	literal := strings.Replace(caddy.admin("/config/"), "{env.ACME_TOKEN}", value, 1)
	if !strings.Contains(literal, value) {
		t.Fatal("the configuration has no token")
	}
	client := unixClient(t, caddy.path("admin.sock"))
	req, err := http.NewRequest("POST", "http://127.0.0.1/load", strings.NewReader(literal))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(res.Body)
	if res.StatusCode != 400 || bytes.Contains(said, []byte(value)) {
		t.Errorf("answered %s %s", res.Status, said)
	}
	for place, text := range map[string]string{"log": caddy.Log() + caddy.Output(), "config": caddy.admin("/config/"), "autosave": readFile(caddy.path("caddy/autosave.json"))} {
		if strings.Contains(text, value) {
			t.Errorf("%s holds the secret", place)
		}
	}
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
}

// What a client writes is never a placeholder: it reaches the partner letter by
// letter, or is refused, and nothing is looked up for it.
func TestHazardReplacer(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "browsers any", "header ?X-Default default", `json_field /reference "r-1"`)
	require := acmeRequire(keyOf(t, "ed25519"))
	require.IdempotencyKey = "" // in whatever form
	if err := partner.SetRequire(require); err != nil {
		t.Fatal(err)
	}
	secrets := []string{"token-of-acme"}
	for line := range strings.Lines(readFile(caddy.path("key.pem"))) {
		secrets = append(secrets, strings.TrimSpace(line))
	}
	for _, text := range []string{"{env.ACME_TOKEN}", "{file." + caddy.path("key.pem") + "}", "{$ACME_TOKEN}", "{http.vars.any}", "{time.now.unix}"} {
		partner.Reset()
		// Braces are no part of a path (RFC 3986): they are sent encoded, or refused.
		answers := caddy.send("POST", "/v1/a?q="+text, strings.NewReader(`{"text":"`+text+`"}`), "Idempotency-Key: "+text, "X-Own: "+text, "X-Default: "+text, "User-Agent: "+text, "Accept-Encoding: "+text, "Content-Type: application/json")
		answers.ok(t)
		seen := only(t, partner, 1)[0]
		for _, name := range []string{"Idempotency-Key", "X-Own", "X-Default", "User-Agent", "Accept-Encoding"} {
			if got := seen.Header.Values(name); len(got) != 1 || got[0] != text {
				t.Errorf("%s: %s arrived as %q", name, text, got)
			}
		}
		if want := `"text":"` + text + `"`; !strings.Contains(string(seen.Body), want) {
			t.Errorf("the body %s arrived as %s", want, seen.Body)
		}
		if seen.Target != "/v1/a?q="+text {
			t.Errorf("the target arrived as %s", seen.Target)
		}
		raw := caddy.raw("GET /v1/"+text+" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 5e9)
		for _, r := range partner.Requests() {
			others := strings.Replace(r.Head(), "Bearer token-of-acme", "", 1)
			for place, said := range map[string]string{"what was sent": others + string(r.Body), "an answer": raw + answers.Text + fmt.Sprint(answers.Header), "the log": caddy.Log()} {
				for _, secret := range secrets {
					if strings.Contains(said, secret) {
						t.Errorf("%s: %s holds %.12s…", text, place, secret)
					}
				}
			}
		}
	}
}
