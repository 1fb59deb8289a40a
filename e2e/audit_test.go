package e2e

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// thumbprintOf is the thumbprint of an Ed25519 key as RFC 8037 appendix A.3 has it.
func thumbprintOf(public any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"Ed25519","kty":"OKP","x":%q}`, base64.RawURLEncoding.EncodeToString(public.(ed25519.PublicKey))))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func hexOf(signed []byte) string {
	sum := sha256.Sum256(signed)
	return hex.EncodeToString(sum[:])
}

// The audit line of a request that was sent twice says what was signed each time:
// its hash is that of the signature base that the partner rebuilds from the wire.
func TestAuditProves(t *testing.T) {
	key := keyOf(t, "ed25519")
	times := 0
	partner := partnertest.New(t, partnertest.Options{
		Require: acmeRequire(key),
		Answer: func(w http.ResponseWriter, _ *http.Request, _ *partnertest.Request, verdict partnertest.Verdict) bool {
			if times++; times == 1 && verdict.OK {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			return false
		},
	})
	p := startCaddy(t, acmeFile(partner, key, "name acme\nretry {\nstatus 503\nbackoff 1ms 1ms\n}"))
	p.send("POST", "/v1/payments?secret=query", strings.NewReader(`{"amount":1}`)).ok(t)
	lines := p.logged("partnersign.audit", "signed")
	if len(lines) != 1 {
		t.Fatalf("%d audit lines", len(lines))
	}
	line, _ := json.Marshal(lines[0])
	for i, seen := range partner.Requests() {
		signed := seen.Verdict.Signatures[0]
		for field, want := range map[string]any{
			"attempt": float64(i + 1), "label": "sig1", "key_id": "acme-2026",
			"key_thumbprint": thumbprintOf(key.Partner.Public), "base_sha256": hexOf([]byte(signed.Base)),
		} {
			if got := at(string(line), "signatures", i, field); got != want {
				t.Errorf("signature %d: %s is %v, want %v", i+1, field, got, want)
			}
		}
		for _, secret := range []string{"token-of-acme", "secret=query", "amount", seen.Header.Get("Signature"), signed.Parameters.Get("nonce"), signed.Base} {
			if secret == "" || strings.Contains(string(line), secret) {
				t.Errorf("the audit line holds %q", secret)
			}
		}
	}
	if n := len(lines[0]["signatures"].([]any)); n != 2 || lines[0]["attempts"] != 2.0 {
		t.Errorf("%d signatures of %v attempts", n, lines[0]["attempts"])
	}
}

// A user action is as good as a signature: the line proves what was answered.
func TestAuditProvesUserAction(t *testing.T) {
	key := keyOf(t, "ed25519")
	p := dfnsSetup{App: true}.start(t)
	p.wallet()
	lines := p.logged("partnersign.audit", "signed")
	if len(lines) != 1 {
		t.Fatalf("%d audit lines", len(lines))
	}
	line, _ := json.Marshal(lines[0])
	clientData := ""
	for _, r := range p.Requests() {
		if r.Target == "/auth/action" {
			clientData, _ = at(string(r.Body), "firstFactor", "credentialAssertion", "clientData").(string)
		}
	}
	data, err := base64.RawURLEncoding.DecodeString(clientData)
	if err != nil || len(data) == 0 {
		t.Fatalf("%q, %v", clientData, err)
	}
	for field, want := range map[string]any{
		"label": "X-DFNS-USERACTION", "key_id": "cr-1", "key_thumbprint": thumbprintOf(key.Partner.Public), "base_sha256": hexOf(data),
	} {
		if got := at(string(line), "signatures", 0, field); !strings.EqualFold(fmt.Sprint(got), fmt.Sprint(want)) {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	if got := fmt.Sprint(at(string(line), "signatures", 1, "label")); !strings.EqualFold(got, "X-DFNS-APISIGNATURE") {
		t.Errorf("the other signature is %s", got)
	}
	for _, secret := range append(p.signedSecrets(), dfnsAppSecret, string(data)) {
		if secret != "" && strings.Contains(string(line), secret) {
			t.Errorf("the audit line holds %q", secret)
		}
	}
}
