package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// acme is the contract's generic example.
const acme = `
	bearer {env.ACME_TOKEN}
	idempotency_key
	content_digest sha-256
	signature {
		key DIR/key.pem
		key_id acme-2026
		components @method @target-uri content-digest? authorization idempotency-key?
		parameters created expires=60s nonce keyid alg
	}`

// acmeRequire is what its partner asks for.
func acmeRequire(key signingKey) partnertest.Require {
	return partnertest.Require{
		Bearer:         "token-of-acme",
		Keys:           map[string]partnertest.Key{"acme-2026": key.Partner},
		Components:     []string{"@method", "@target-uri", "content-digest?", "authorization", "idempotency-key?"},
		Parameters:     []string{"created", "expires", "nonce", "keyid", "alg"},
		MaxAge:         time.Minute,
		RefuseReplays:  true,
		ContentDigest:  "sha-256",
		IdempotencyKey: partnertest.RawUUID,
	}
}

// startAcme is a partner that asks for all of it, and a Caddy that gives it.
// Lines are added to its block.
func startAcme(t *testing.T, opts partnertest.Options, lines ...string) (*partnertest.Partner, *process) {
	t.Helper()
	key := keyOf(t, "ed25519")
	opts.Require = acmeRequire(key)
	partner := partnertest.New(t, opts)
	caddy := startCaddy(t, acmeFile(partner, key, lines...))
	return partner, caddy
}

func acmeFile(partner *partnertest.Partner, key signingKey, lines ...string) caddyfile {
	return caddyfile{
		Site:  block(partner, acme+"\n"+strings.Join(lines, "\n")),
		Files: map[string]string{"ca.pem": string(partner.CA()), "key.pem": key.File},
		Env:   []string{"ACME_TOKEN=token-of-acme"},
	}
}

// A plain request goes in; what the partner receives over TLS carries token,
// idempotency key, digest and a signature that two verifiers accept.
func TestPlainRequestBecomesSigned(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{protocol}})
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET"} {
				body := `{"amount":"12.50"}`
				if method == "GET" || method == "DELETE" {
					body = ""
				}
				res := caddy.send(method, "/v1/payments?expand=all", strings.NewReader(body), "Content-Type: application/json")
				if res.StatusCode != 200 {
					t.Fatalf("%s: %d %s", method, res.StatusCode, res.Text)
				}
				seen := partner.Last()
				if !seen.Verdict.OK || string(seen.Body) != body || seen.Target != "/v1/payments?expand=all" {
					t.Errorf("%s: %+v", method, seen.Verdict.Problems)
				}
				if key := seen.Header.Get("Idempotency-Key"); key != res.Header.Get("Idempotency-Key") || (key == "") != (method == "GET") {
					t.Errorf("%s: the partner got the key %q, the client was told %q", method, key, res.Header.Get("Idempotency-Key"))
				}
			}
		})
	}
}

// One line for every signed request, and nothing secret in it.
func TestAuditLine(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{})
	caddy.send("POST", "/v1/payments?secret=query", strings.NewReader("{}"))
	seen := partner.Last()
	var lines []map[string]any
	for line := range strings.Lines(caddy.Log()) {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["logger"] == "partnersign.audit" {
			lines = append(lines, entry)
		}
	}
	if len(lines) != 1 {
		t.Fatalf("%d audit lines", len(lines))
	}
	for field, want := range map[string]any{
		"partner": "127.0.0.1", "method": "POST", "path": "/v1/payments", "outcome": "answered", "attempts": 1.0, "status": 200.0,
		"content_digest": seen.Header.Get("Content-Digest"), "idempotency_key": seen.Header.Get("Idempotency-Key"),
	} {
		if lines[0][field] != want {
			t.Errorf("%s is %v, want %v", field, lines[0][field], want)
		}
	}
	for _, secret := range []string{"token-of-acme", "secret=query", seen.Header.Get("Signature")} {
		if line, _ := json.Marshal(lines[0]); strings.Contains(string(line), secret) {
			t.Errorf("the audit line holds %s", secret)
		}
	}
}
