package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Proof is told the registered origin and the token, once each, whatever a
// client sends, and nothing that tells who the client is.
func TestProofHeaders(t *testing.T) {
	p := proofSetup{Lines: "browsers https://shop.example.com"}.start(t)
	for _, headers := range [][]string{
		nil,
		{"Origin: https://shop.example.com"},
		{"origin: https://shop.example.com", "Referer: https://shop.example.com/cart", "Cookie: a=b", "Sec-Fetch-Site: cross-site"},
		{"Authorization: Bearer other", "X-Forwarded-Host: shop.example.com"},
	} {
		p.Partner.Reset()
		p.session(`{"merchant_transaction_id":"m-1"}`, headers...).ok(t)
		p.send("GET", "/widget/transactions/m-1", nil, headers...).ok(t)
		for _, r := range p.Requests() {
			if got := r.Header.Values("Origin"); !slices.Equal(got, []string{proofOrigin}) {
				t.Errorf("%v: Origin %q", headers, got)
			}
			if got := r.Header.Values("Authorization"); !slices.Equal(got, []string{"Bearer " + proofToken}) {
				t.Errorf("%v: Authorization %q", headers, got)
			}
			for _, name := range []string{"Referer", "Cookie", "Sec-Fetch-Site", "X-Forwarded-Host"} {
				if r.Header.Has(name) {
					t.Errorf("%s was sent", name)
				}
			}
		}
	}
	p.inOrder(t)

	p.Partner.Reset()
	p.session(`{}`, "Origin: https://evil.example.com").refused(t, 403, "browser-refused")
	p = proofSetup{}.start(t)
	p.session(`{}`, "Origin: "+proofOrigin).refused(t, 403, "browser-refused") // no page may ask, unless a line says so
	untouched(t, p.Partner)
}

// The answer reaches the client byte by byte, in whatever shape it comes, with
// Proof's request id.
func TestProofAnswers(t *testing.T) {
	for name, shape := range map[string]partnertest.Failure{
		"as it is": {}, "chunked": {Chunked: true}, "gzip": {Gzip: true}, "gzip, chunked": {Gzip: true, Chunked: true}, "large": {Padding: 3 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			p := proofSetup{Proof: proofFails(partnertest.ProofSessionCall, 1, shape)}.start(t)
			res := p.session(`{}`, "Accept-Encoding: gzip")
			res.ok(t)
			text := []byte(res.Text)
			if shape.Gzip {
				if res.Header.Get("Content-Encoding") != "gzip" {
					t.Error("it is not compressed any more")
				}
				r, err := gzip.NewReader(bytes.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				text, _ = io.ReadAll(r)
			}
			want := p.Sessions()[0].Answer
			if shape.Padding == 0 && !bytes.Equal(text, want) || !bytes.HasSuffix(text, want[1:]) || len(text) != len(want)+shape.Padding {
				t.Errorf("%d bytes, want %d: %.300q", len(text), len(want), text)
			}
			if res.Header.Get("X-Request-Id") == "" {
				t.Error("Proof's request id is missing")
			}
			waitFor(t, "the access log", func() bool { return len(p.logged("http.log.access", "")) > 0 }) // written after the answer
			if access := p.logged("http.log.access", ""); len(access) != 1 || !strings.Contains(fmt.Sprint(access[0]["resp_headers"]), res.Header.Get("X-Request-Id")) {
				t.Errorf("the access log does not have it: %v", access)
			}
		})
	}
}

// A new token is used without a restart; in between both are good.
func TestProofTokenRotation(t *testing.T) {
	const next = "canary-next-client-token"
	p := proofSetup{}.start(t)
	p.session(`{}`).ok(t)
	sent := func() string {
		t.Helper()
		p.session(`{}`).ok(t)
		return p.Last().Header.Get("Authorization")
	}
	if err := p.SetTokens(proofToken, next); err != nil {
		t.Fatal(err)
	}
	p.replace("token", next+"\n")
	within(t, soon, "the new token", func() bool { return sent() == "Bearer "+next })
	if err := p.SetTokens(next); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if got := sent(); got != "Bearer "+next {
			t.Errorf("Authorization %q", got)
		}
	}
	p.inOrder(t)
}

// Neither the token nor an init_token, nor anything else of a body, is to be
// found afterwards, in logs of level DEBUG with and without credentials, metrics
// and the admin API.
func TestProofLeaks(t *testing.T) {
	for _, options := range []string{behindProxy, strings.Replace(behindProxy, "{", "{\n\t\tlog_credentials", 1)} {
		t.Run(fmt.Sprintf("credentials logged: %t", options != behindProxy), func(t *testing.T) {
			p := proofSetup{Options: options, Proof: proofFails(partnertest.ProofSessionCall, 2, partnertest.Failure{Status: 502, After: true})}.start(t)
			for _, target := range []string{"/widget/session", "/widget/session?a=b"} {
				p.send("POST", target, strings.NewReader(`{"email":"canary@end-user.example"}`), "Content-Type: application/json", endUser)
			}
			p.session(`{"canary-broken`, endUser)
			secrets := []string{proofToken, "canary@end-user.example", "canary-broken"}
			for _, session := range p.Sessions() {
				secrets = append(secrets, session.InitToken)
			}
			if len(secrets) != 7 {
				t.Fatalf("%d sessions", len(secrets)-3)
			}
			p.Proof.Close()
			// Unreachable, or lost on a connection that had been idle.
			if res := p.session(`{"email":"canary@end-user.example"}`, endUser); res.StatusCode != 502 {
				t.Errorf("%d %s", res.StatusCode, res.Text)
			}
			dfnsProxy{process: p.process}.searchLeaks(t, secrets, "no answers: they have the init_token")
		})
	}
}
