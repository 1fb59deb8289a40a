package e2e

import (
	"strings"
	"testing"
)

// Calls that make or replace tokens, credentials and keys pass by an allow line
// that says so, and by none else; a token is not even asked for.
func TestOffBlocksGuarded(t *testing.T) {
	calls := []string{"POST /v1/auth/token", "PUT /v1/auth/credentials", "PUT /v1/auth/signing", "GET /v1/auth/signing", "DELETE /v1/auth/a/b?c=d", "OPTIONS /v1/auth"}
	for _, lines := range []string{"", "allow * /**"} {
		p := offBlocksSetup{Lines: lines}.start(t)
		for _, call := range append(calls, "POST /v1//auth/token", "POST /v1%2Fauth/token", "POST /v1/%61uth/token", "PUT /v1/auth/%63redentials") {
			method, target, _ := strings.Cut(call, " ")
			p.ask(method, target, `{}`).refused(t, 403, "not-allowed")
		}
		if n := len(p.Requests()); n > 0 {
			t.Errorf("%q: OffBlocks saw %d calls", lines, n)
		}
		p.customer()
	}
	p := offBlocksSetup{Lines: "allow PUT /v1/auth/credentials guarded"}.start(t)
	p.ask("PUT", "/v1/auth/signing", "{}").refused(t, 403, "not-allowed")
	if res := p.ask("PUT", "/v1/auth/credentials", `{"apiKey":"a","apiSecret":"b"}`); res.StatusCode != 204 {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	p.inOrder(t)
}

// What OffBlocks does not publish can be set: each subdirective replaces the
// preset's.
func TestOffBlocksOverridden(t *testing.T) {
	p := offBlocksSetup{Lines: `
		signature sig {
			key DIR/key.pem
			key_id {file.DIR/key-id}
			components idempotency-key? content-type? content-digest? authorization @target-uri @method
			parameters keyid alg created expires=60s nonce tag=acme
		}
		content_digest sha-256
		idempotency_key {
			from body /externalId
		}`}.start(t)
	p.ask("GET", p.customer(), "").ok(t)
	p.inOrder(t)
	calls := p.calls()
	write, read := calls[0].Header, calls[1].Header
	for header, want := range map[string]string{
		write.Get("Signature-Input"): `sig=("idempotency-key" "content-type" "content-digest" "authorization" "@target-uri" "@method");keyid=`,
		read.Get("Signature-Input"):  `sig=("authorization" "@target-uri" "@method");keyid=`,
		write.Get("Content-Digest"):  "sha-256=:",
	} {
		if !strings.HasPrefix(header, want) {
			t.Errorf("%s, want %s", header, want)
		}
	}
	for _, parameter := range []string{`;alg="ecdsa-p384-sha384";created=`, ";expires=", ";nonce=", `;tag="acme"`} {
		if !strings.Contains(write.Get("Signature-Input"), parameter) {
			t.Errorf("%s lacks %s", write.Get("Signature-Input"), parameter)
		}
	}
	p.customer() // the same reference: the same key, and one customer
	if p.Customers() != 1 {
		t.Errorf("%d customers", p.Customers())
	}
}

// Parts are taken away, too: without a signature, a digest and a key what is left
// is the token, which OffBlocks refuses alone.
func TestOffBlocksOff(t *testing.T) {
	p := offBlocksSetup{Lines: "signature off\ncontent_digest off\nidempotency_key off"}.start(t)
	if res := p.ask("GET", customers+"/none", ""); res.StatusCode != 401 {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	res := p.ask("POST", customers, "{}")
	if res.StatusCode != 400 || res.Header.Get("Idempotency-Key") != "" {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	for _, r := range p.calls() {
		for _, name := range []string{"Signature", "Signature-Input", "Content-Digest", "Idempotency-Key"} {
			if r.Header.Has(name) {
				t.Errorf("%s %s has %s", r.Method, r.Target, name)
			}
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ey") {
			t.Errorf("%s %s has no token", r.Method, r.Target)
		}
	}
}

// A client's own headers of these names are replaced, but for its idempotency key.
func TestOffBlocksForgedHeaders(t *testing.T) {
	const key = "9b2f7a52-1c1e-4f5c-8a10-0e8f6c8f7b11"
	p := offBlocksSetup{}.start(t)
	forged := []string{"Authorization: Bearer forged", "Signature: sig=:AAAA:", `Signature-Input: sig=("@method");keyid="a"`, "Content-Digest: sha-512=:AAAA:"}
	for range 2 {
		if res := p.ask("POST", customers, "{}", append(forged, "Idempotency-Key: "+key)...); res.StatusCode != 201 || res.Header.Get("Idempotency-Key") != key {
			t.Errorf("%d %s", res.StatusCode, res.Text)
		}
	}
	p.ask("GET", customers+"/"+p.Writes()[0].ID, "", forged...).ok(t)
	if p.Customers() != 1 {
		t.Errorf("%d customers", p.Customers())
	}
	p.inOrder(t)
}
