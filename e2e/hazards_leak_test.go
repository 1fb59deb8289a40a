package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Canaries in every place where a secret can be configured are nowhere to be
// found afterwards: not in logs with credentials on, the admin API, adapted
// configurations, metrics or answers.
func TestHazardLeaks(t *testing.T) {
	canaries := map[string]string{
		"BEARER":      "canary-bearer-4fa1b2c3d4e5",
		"PASSWORD":    "canary-password-9c8d7e6f5a",
		"HEADER":      "canary-header-1a2b3c4d5e6f",
		"CLIENT_AUTH": "canary-client-auth-0f1e2d3c",
		"HMAC":        base64.StdEncoding.EncodeToString([]byte("canary-hmac-secret-of-32-bytes!!")),
	}
	ed25519 := keyOf(t, "ed25519")
	secrets := []string{"canary-hmac-secret-of-32-bytes!!"}
	for line := range strings.Lines(ed25519.File) {
		if !strings.HasPrefix(line, "-----") {
			secrets = append(secrets, strings.TrimSpace(line))
		}
	}
	env := []string{}
	for name, value := range canaries {
		env = append(env, name+"="+value)
		secrets = append(secrets, value)
	}
	partner := partnertest.New(t, partnertest.Options{Answer: func(w http.ResponseWriter, _ *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		w.WriteHeader(http.StatusOK) // and no echo of what it received
		return true
	}})
	site := "handle /bearer* {\n" + block(partner, `
			client_auth {env.CLIENT_AUTH}
			bearer {env.BEARER}
			header X-Api-Key {file.DIR/header}
			signature a {
				key DIR/key.pem
				key_id a
				components authorization x-api-key @query
			}
			signature b {
				key {env.HMAC}
				algorithm hmac-sha256
				key_id b
				components authorization content-type
			}`) + "}\n" +
		"handle {\n" + block(partner, "basic_auth user {env.PASSWORD}\nallow GET /basic") + "}\n"
	file := caddyfile{
		Site:    site,
		Options: "servers {\n\t\tlog_credentials\n\t}",
		Files:   map[string]string{"ca.pem": string(partner.CA()), "key.pem": ed25519.File, "header": canaries["HEADER"] + "\n"},
		Env:     env,
	}
	caddy := startCaddy(t, file)
	var answers strings.Builder
	say := func(method, target string, headers ...string) int {
		res := caddy.send(method, target, strings.NewReader("{}"), headers...)
		answers.WriteString(res.Text)
		for name, values := range res.Header {
			answers.WriteString(name + strings.Join(values, ","))
		}
		return res.StatusCode
	}
	auth := "Proxy-Authorization: Bearer " + canaries["CLIENT_AUTH"]
	for _, call := range []struct {
		status  int
		method  string
		target  string
		headers []string
	}{
		{200, "POST", "/bearer", []string{auth, "Content-Type: application/json"}},
		{200, "GET", "/basic", nil},
		{401, "POST", "/bearer", []string{"Proxy-Authorization: Bearer wrong"}}, // client_auth
		{400, "POST", "/bearer", []string{auth}},                                // a component is missing
		{403, "POST", "/basic", nil},
	} {
		if status := say(call.method, call.target, call.headers...); status != call.status {
			t.Errorf("%s %s: %d, want %d", call.method, call.target, status, call.status)
		}
	}
	seen := partner.Requests()
	if len(seen) != 2 || seen[0].Header.Get("X-Api-Key") != canaries["HEADER"] || seen[0].Header.Get("Authorization") != "Bearer "+canaries["BEARER"] {
		t.Fatalf("the canaries were not in use: %d requests", len(seen))
	}
	partner.Close()
	if status := say("GET", "/basic"); status != 502 {
		t.Errorf("a partner that is gone: %d", status)
	}
	adapted, err := caddyCommand(caddy, "adapt", "--config", caddy.path("Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range map[string]string{
		"log": caddy.Log() + caddy.Output(), "config": caddy.admin("/config/"), "metrics": caddy.admin("/metrics"),
		"answers": answers.String(), "adapt": adapted, "goroutines": caddy.admin("/debug/pprof/goroutine?debug=2"),
		"autosave": readFile(caddy.path("caddy/autosave.json")),
	} {
		if text == "" {
			t.Errorf("%s is empty: nothing was searched", place)
		}
		for _, secret := range secrets {
			for encoding, encoded := range encodings(secret) {
				// The client's own header is Caddy's to hide, and credentials are on.
				if place == "log" && secret == canaries["CLIENT_AUTH"] {
					continue
				}
				if strings.Contains(text, encoded) {
					t.Errorf("%s holds the secret %.14s… (%s)", place, secret, encoding)
				}
			}
		}
	}
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

func caddyCommand(p *process, args ...string) (string, error) {
	cmd := exec.Command(p.cmd.Path, args...)
	cmd.Env = p.cmd.Env
	output, err := cmd.Output()
	return string(output), err
}
