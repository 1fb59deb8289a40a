package partnertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// dfnsKeys are keys of every kind that Dfns takes, by credential id, and how they sign.
func dfnsKeys(t testing.TB) (map[string]crypto.PublicKey, map[string]func([]byte) []byte) {
	t.Helper()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	koblitz, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	edwards := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	pair := rfc7515Key(t)
	hash := func(data []byte) []byte { return digest(crypto.SHA256, string(data)) }
	signed := func(signature []byte, err error) []byte {
		if err != nil {
			t.Error(err)
		}
		return signature
	}
	return map[string]crypto.PublicKey{
			"cr-ed25519": edwards.Public(), "cr-p256": p256.Public(), "cr-secp256k1": koblitz.PubKey(), "cr-rsa": pair.Public(),
		}, map[string]func([]byte) []byte{
			"cr-ed25519":   func(data []byte) []byte { return ed25519.Sign(edwards, data) },
			"cr-p256":      func(data []byte) []byte { return signed(ecdsa.SignASN1(rand.Reader, p256, hash(data))) },
			"cr-secp256k1": func(data []byte) []byte { return secp256k1ecdsa.Sign(koblitz, hash(data)).Serialize() },
			"cr-rsa":       func(data []byte) []byte { return signed(rsa.SignPKCS1v15(nil, pair, crypto.SHA256, hash(data))) },
		}
}

// TestDfnsCredentials: with every kind of key, on each protocol, a write goes through, and
// none takes the signature of another.
func TestDfnsCredentials(t *testing.T) {
	publics, signers := dfnsKeys(t)
	for _, protocol := range []string{"http/1.1", "h2"} {
		c := newDfnsCaller(t, DfnsOptions{Options: Options{Protocols: []string{protocol}}, Credentials: publics})
		for id := range publics {
			c.Reset()
			c.credential = id
			for other, sign := range signers {
				c.sign = sign
				challenge := c.challengeFor("POST", "/wallets", "{}")
				answer := c.call("POST", "/auth/action", c.answerTo(challenge))
				if other != id {
					c.refusedWith(answer, 403, fmt.Sprintf("The signature does not fit clientData and the key of %q.", id))
				} else if answer.StatusCode != 200 {
					t.Errorf("%s, %s: %d %s", protocol, id, answer.StatusCode, answer.text)
				}
			}
			c.sign = signers[id]
			answer := c.write("POST", "/wallets", `{"network":"Bitcoin","name":"é <&> \u6f22"}`)
			writes := c.Writes()
			if answer.StatusCode != 200 || len(writes) != 1 {
				t.Fatalf("%s, %s: %d %s, %d writes", protocol, id, answer.StatusCode, answer.text, len(writes))
			}
			if w := writes[0]; w.Credential != id || w.ID != answer.object["id"] || w.Status != 200 || w.Request.Target != "/wallets" {
				t.Errorf("%s, %s: recorded %+v", protocol, id, w)
			}
		}
	}
}

func TestStartDfnsRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short := &rsa.PublicKey{N: rfc7515Key(t).Primes[0], E: 65537}
	for _, test := range []struct {
		opts DfnsOptions
		want string
	}{
		{DfnsOptions{}, "needs a Token"},
		{DfnsOptions{Token: "a", Options: Options{Require: Require{Bearer: "b"}}}, "differs from the Token"},
		{DfnsOptions{Token: "a", Options: Options{Protocols: []string{"http/2"}}}, "none of http/1.1"},
		{DfnsOptions{Token: "a", App: &DfnsApp{}}, "DfnsApp needs an ID"},
		{DfnsOptions{Token: "a", App: &DfnsApp{ID: "ap", PublicKey: short}}, "DfnsApp.PublicKey: a key of type *rsa.PublicKey"},
		{DfnsOptions{Token: "a", Credentials: map[string]crypto.PublicKey{"cr": p384.Public()}}, `credential "cr": a key of type *ecdsa.PublicKey`},
		{DfnsOptions{Token: "a", Credentials: map[string]crypto.PublicKey{"cr": ed25519.PublicKey("short")}}, "ed25519.PublicKey"},
		{DfnsOptions{Token: "a", Credentials: map[string]crypto.PublicKey{"cr": "text"}}, "of type string"},
	} {
		if _, err := StartDfns(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

// TestDfnsTokenChange: a token is replaced while Dfns runs.
func TestDfnsTokenChange(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	if answer := c.call("GET", "/wallets", ""); answer.StatusCode != 200 {
		t.Fatal(answer.text)
	}
	if err := c.SetRequire(Require{Bearer: "new"}); err != nil {
		t.Fatal(err)
	}
	c.refusedWith(c.call("GET", "/wallets", ""), 401, "not the one expected")
	if answer := c.call("GET", "/wallets", "", "Authorization", "Bearer new"); answer.StatusCode != 200 {
		t.Error(answer.text)
	}
}

func TestDfnsReset(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	wallet := c.wallet()
	token := c.userAction("POST", "/wallets", "{}")
	c.call("GET", "/nowhere", "")
	c.Reset()
	if len(c.Writes()) != 0 || len(c.Refusals()) != 0 || len(c.Requests()) != 0 {
		t.Error("Reset left a record")
	}
	c.refusedWith(c.call("GET", wallet, ""), 404, "not found")
	c.refusedWith(c.call("POST", "/wallets", "{}", "X-DFNS-USERACTION", token), 403, "not a user action that was given out")
}
