package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// Every header that a step owns is the step's, in every spelling; what belongs
// to the client, its browser and its proxies stays here.
func TestHazardHeaders(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{})
	res := caddy.send("POST", "/v1/a", strings.NewReader("{}"),
		"Authorization: Bearer client", "Cookie: session=client", "Referer: http://inside.example/", "X-Real-IP: 10.0.0.1",
		"Forwarded: for=10.0.0.1", "Early-Data: 0", "Expect: 100-continue", "Sec-Ch-Ua: x", "Proxy-Connection: x",
		"Content-Digest: sha-256=:AAAA:", "Content_Digest: sha-256=:AAAA:", "Signature: sig1=:AAAA:", `Signature-Input: sig1=()`, "Signature_input: sig1=()",
		"X-Own: stays")
	if res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, res.Text)
	}
	seen := partner.Last()
	if !seen.Verdict.OK {
		t.Error(seen.Verdict.Problems)
	}
	allowed := "Host User-Agent Content-Length Authorization Content-Digest Accept-Encoding X-Own Idempotency-Key Signature Signature-Input "
	for _, field := range seen.Header {
		if !strings.Contains(strings.ToLower(allowed), strings.ToLower(field[0])+" ") {
			t.Errorf("the partner saw %s: %s", field[0], field[1])
		}
	}
	if values := seen.Header.Values("Authorization"); len(values) != 1 || values[0] != "Bearer token-of-acme" {
		t.Errorf("Authorization: %v", values)
	}
}

// A header that goes on in the next line (obs-fold, RFC 9112 section 5.2) is one line
// when it is signed and sent, and what it hides is no header of its own.
func TestHazardFolding(t *testing.T) {
	require := acmeRequire(keyOf(t, "ed25519"))
	require.Components = append(require.Components, "x-a")
	require.IdempotencyKey = "" // in whatever form
	partner := partnertest.New(t, partnertest.Options{Require: require})
	caddy := startCaddy(t, siteFile(t, block(partner, covering("x-a")), partner))
	for fold, want := range map[string]string{
		"X-A: a\r\n b":                        "a b",
		"X-A: a\r\n\tSignature: sig1=:AAAA:":  "a Signature: sig1=:AAAA:",
		"X-A: a\r\n Authorization: Bearer b":  "a Authorization: Bearer b",
		"X-A: a\r\n  \r\n Idempotency-Key: b": "a Idempotency-Key: b",
	} {
		partner.Reset()
		caddy.raw("GET /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"+fold+"\r\n\r\n", 5*time.Second)
		seen := only(t, partner, 1)[0]
		if got := strings.Join(strings.Fields(seen.Header.Get("X-A")), " "); got != want || strings.ContainsAny(seen.Header.Get("X-A"), "\r\n") {
			t.Errorf("%q arrived as %q", fold, seen.Header.Get("X-A"))
		}
		if seen.Header.Has("Idempotency-Key") || len(seen.Header.Values("Authorization")) != 1 {
			t.Errorf("the partner saw %v", seen.Header)
		}
	}
}

// With `existing keep` a client's own signatures stay, but none under our label: of
// two members of one name each reader chooses another.
func TestHazardForgedSignatureMember(t *testing.T) {
	require := acmeRequire(keyOf(t, "ed25519"))
	require.Label = "sig1"
	partner := partnertest.New(t, partnertest.Options{Require: require})
	caddy := startCaddy(t, siteFile(t, block(partner, strings.Replace(acme, "signature {", "signature {\nexisting keep", 1)), partner))
	for _, forged := range [][]string{
		{`Signature: sig1=:AAAA:, app=:BBBB:`, `Signature-Input: sig1=();keyid="acme-2026", app=("@method")`},
		{`Signature: app=:BBBB:`, `Signature-Input: app=("@method")`, `Signature: sig1=:CCCC:`, `Signature-Input: sig1=("@method")`},
		{`Signature: sig1=:CCCC:`},
		{`Signature-Input: sig1=("@method")`},
	} {
		caddy.send("POST", "/v1/a", strings.NewReader("{}"), forged...).refused(t, 400, "invalid-request")
	}
	untouched(t, partner)
	caddy.send("POST", "/v1/a", strings.NewReader("{}"), `Signature: app=:BBBB:`, `Signature-Input: app=("@method")`).ok(t)
	signatures := strings.Join(only(t, partner, 1)[0].Header.Values("Signature"), ",")
	if strings.Count(signatures, "app=:BBBB:") != 1 || strings.Count(signatures, "sig1=") != 1 {
		t.Errorf("the partner saw the signatures %s", signatures)
	}
}
