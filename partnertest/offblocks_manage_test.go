package partnertest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"testing"
	"time"
)

// manage makes a call to /v1/auth, with a bearer alone.
func (c *offBlocksCaller) manage(method, target, body string) *http.Request {
	request := c.plain(method, target, body)
	request.Header.Set("Authorization", "Bearer "+c.token)
	return request
}

func keyBody(t testing.TB, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return `{"publicKey":"` + base64.StdEncoding.EncodeToString(text) + `"}`
}

// TestOffBlocksCredentials: new credentials invalidate all tokens, and the old ones buy
// no more.
func TestOffBlocksCredentials(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	const target = "/v1/auth/credentials"
	for body, want := range map[string]string{
		`{"apiKey":"a"}`:                "apiSecret is missing",
		`{"apiKey":"a","apiSecret":""}`: "is empty",
		`{"apiKey":"a","b":"c"}`:        `"b" is not a property`,
	} {
		refusedWith(t, c.Refusals, c.mustSend(c.manage("PUT", target, body)), 400, want)
	}
	refusedWith(t, c.Refusals, c.mustSend(c.plain("PUT", target, `{}`)), 401, "0 Authorization fields")
	refusedWith(t, c.Refusals, c.mustSend(c.manage("DELETE", target, "")), 404, "There is no DELETE")

	other := c.newToken()
	changed := c.manage("PUT", target, `{"apiKey":"`+offBlocksKey+`","apiSecret":"new"}`)
	answeredWith(t, c.mustSend(changed), 204)
	for _, c.token = range []string{c.token, other} {
		refusedWith(t, c.Refusals, c.call("GET", "/v1/customers/none", ""), 401, "not valid any more")
	}
	refusedWith(t, c.Refusals, c.mustSend(c.tokenRequest(offBlocksSecret)), 401, "not those of the account")
	answeredWith(t, c.mustSend(c.tokenRequest("new")), 200)
}

// TestOffBlocksSigningKey: a key is registered over HTTP, and signs from then on.
func TestOffBlocksSigningKey(t *testing.T) {
	c := newOffBlocksCaller(t, OffBlocksOptions{})
	const target = "/v1/auth/signing"
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{}`:                               "publicKey is missing",
		`{"publicKey":"-----"}`:            "not base64",
		`{"publicKey":"AAAA","keyId":"k"}`: `"keyId" is not a property`,
		`{"publicKey":"` + base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("key")})) + `"}`: "asn1",
		`{"publicKey":"AAAA"}`:                                 "not the PEM",
		keyBody(t, weak.Public()):                              "not a key of ECDSA",
		keyBody(t, newPair(t, "ecdsa-p256-sha256").key.Public): "not on P-384",
	} {
		refusedWith(t, c.Refusals, c.mustSend(c.manage("PUT", target, body)), 400, want)
	}
	before := c.KeyID()
	c.pair = newPair(t, "ecdsa-p384-sha384")
	answer := answeredWith(t, c.mustSend(c.manage("PUT", target, keyBody(t, c.pair.key.Public))), 200)
	if answer.object["keyId"] != c.KeyID() || c.KeyID() == before {
		t.Errorf("answered %s", answer.text)
	}
	answeredWith(t, c.call("POST", "/v1/customers", `{}`), 201)
}

// TestOffBlocksWithoutKey: nothing is signed before a key is registered.
func TestOffBlocksWithoutKey(t *testing.T) {
	o := NewOffBlocks(t, OffBlocksOptions{APIKey: offBlocksKey, APISecret: offBlocksSecret})
	c := &offBlocksCaller{OffBlocks: o, t: t, client: o.Client(), pair: newPair(t, "ecdsa-p384-sha384"), now: time.Now}
	c.token = c.newToken()
	refusedWith(t, c.Refusals, c.call("GET", "/v1/customers/none", ""), 401, "no key is known")
	unsigned := c.draft("GET", "/v1/customers/none", "").request
	refusedWith(t, c.Refusals, c.mustSend(unsigned), 401, "not signed")
	answeredWith(t, c.mustSend(c.manage("PUT", "/v1/auth/signing", keyBody(t, c.pair.key.Public))), 200)
	refusedWith(t, c.Refusals, c.call("GET", "/v1/customers/none", ""), 404, "not found")
}

// TestOffBlocksTokenExpires: by the clock of the options.
func TestOffBlocksTokenExpires(t *testing.T) {
	now := time.Unix(1800000000, 0)
	c := newOffBlocksCaller(t, OffBlocksOptions{Options: Options{Now: func() time.Time { return now }}, TokenLife: time.Minute})
	now = now.Add(59 * time.Second)
	answeredWith(t, c.call("POST", "/v1/customers", `{}`), 201)
	now = now.Add(time.Second)
	refusedWith(t, c.Refusals, c.call("POST", "/v1/customers", `{}`), 401, "has expired")
	c.token = c.newToken()
	answeredWith(t, c.call("POST", "/v1/customers", `{}`), 201)
}
