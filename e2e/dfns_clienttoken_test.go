package e2e

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A client with a credential of its own makes the two calls by itself, with the
// proxy's token. Its user action is passed on, or replaced, as configured.
func TestDfnsClientToken(t *testing.T) {
	for _, keep := range []bool{true, false} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			setup := dfnsSetup{App: true}
			if keep {
				setup.Credential = "client_token keep"
			}
			p := setup.start(t)
			const body = `{"network":"Bitcoin"}`
			token := p.userAction(t, "/wallets", body)
			p.ask("POST", "/wallets", body, "X-DFNS-USERACTION: "+token).ok(t)

			want := signed("POST /wallets")
			if !keep {
				want = slices.Concat(want[:2], want)
			}
			p.saw(t, want...)
			if sent := p.Last().Header.Values("X-DFNS-USERACTION"); len(sent) != 1 || (sent[0] == token) != keep {
				t.Errorf("sent %q, and the client's is %q", sent, token)
			}
			if keep {
				p.ask("POST", "/wallets", body, "X-DFNS-USERACTION: a", "X-DFNS-USERACTION: b").refused(t, 400, "invalid-request")
				p.wallet() // without one of its own, a client gets one as ever
				p.saw(t, slices.Concat(want, want)...)
			}
			p.inOrder(t)
		})
	}
}

// With nothing configured but that Authorization is kept, an end user's own token
// and user action get through, and nobody else's.
func TestDfnsEndUser(t *testing.T) {
	p := dfnsSetup{Bare: true, Lines: "client_headers keep Authorization"}.start(t)
	bearer := "Authorization: Bearer " + strings.TrimSpace(p.file.Files["token"])
	const body = `{"network":"Bitcoin"}`
	token := p.userAction(t, "/wallets", body, bearer)
	p.ask("POST", "/wallets", body, bearer, "X-DFNS-USERACTION: "+token).ok(t)
	p.inOrder(t)
	if res := p.ask("GET", "/wallets", ""); res.StatusCode != 401 || res.Header.Get("Proxy-Status") != "" {
		t.Errorf("without a token: %d %s", res.StatusCode, res.Text)
	}
	p.ask("POST", "/permissions", "{}", bearer).refused(t, 403, "not-allowed")
}

// userAction gets one for POST path as clients do by themselves, with the key of
// cr-1.
func (p dfnsProxy) userAction(t *testing.T, path, body string, headers ...string) string {
	t.Helper()
	challenge := p.ask("POST", "/auth/action/init", fmt.Sprintf(`{"userActionPayload":%q,"userActionHttpMethod":"POST","userActionHttpPath":%q}`, body, path), headers...)
	challenge.ok(t)
	block, _ := pem.Decode([]byte(p.file.Files["credential.pem"]))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	clientData := fmt.Appendf(nil, `{"challenge":%q,"type":"key.get"}`, at(challenge.Text, "challenge"))
	encode := base64.RawURLEncoding.EncodeToString
	action := p.ask("POST", "/auth/action", fmt.Sprintf(`{"challengeIdentifier":%q,"firstFactor":{"kind":"Key","credentialAssertion":{"credId":"cr-1","clientData":%q,"signature":%q}}}`,
		at(challenge.Text, "challengeIdentifier"), encode(clientData), encode(ed25519.Sign(private.(ed25519.PrivateKey), clientData))), headers...)
	action.ok(t)
	return fmt.Sprint(at(action.Text, "userAction"))
}
