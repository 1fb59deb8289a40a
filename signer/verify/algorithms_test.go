package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/partnersign/partnersign/signer/verify"
)

// hashed signs the hash of what it is given.
type hashed struct {
	public crypto.PublicKey
	sign   func(message []byte) []byte
}

func (h hashed) Public() crypto.PublicKey { return h.public }
func (h hashed) Sign(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return h.sign(message), nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func raw(key *ecdsa.PrivateKey, sum []byte) []byte {
	r, s, err := ecdsa.Sign(rand.Reader, key, sum)
	if err != nil {
		panic(err)
	}
	size := (key.Params().BitSize + 7) / 8
	return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
}

// Every algorithm of RFC 9421 section 3.3 verifies, and what signers get wrong
// is told.
func TestAlgorithms(t *testing.T) {
	p256 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521 := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	sum256 := func(m []byte) []byte { s := sha256.Sum256(m); return s[:] }
	sum384 := func(m []byte) []byte { s := sha512.Sum384(m); return s[:] }
	sum512 := func(m []byte) []byte { s := sha512.Sum512(m); return s[:] }
	pss := func(salt int) func([]byte) []byte {
		return func(m []byte) []byte {
			return must(rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA512, sum512(m), &rsa.PSSOptions{SaltLength: salt}))
		}
	}
	secret := []byte("a secret that is shared")
	mac := func(m []byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(m)
		return h.Sum(nil)
	}
	hmacKey := verify.Key{ID: "acme", MAC: func(m []byte) ([]byte, error) { return mac(m), nil }}
	for _, tt := range []struct {
		name     string
		key      verify.Key
		sign     func([]byte) []byte
		is       string // the algorithm, or the cause of the problem
		httpsign string
	}{
		{"P-256", verify.Key{ID: "acme", Public: p256.Public()}, func(m []byte) []byte { return raw(p256, sum256(m)) }, "ecdsa-p256-sha256", "valid"},
		{"P-384", verify.Key{ID: "acme", Public: p384.Public()}, func(m []byte) []byte { return raw(p384, sum384(m)) }, "ecdsa-p384-sha384", "valid"},
		{"P-521", verify.Key{ID: "acme", Public: p521.Public()}, func(m []byte) []byte { return raw(p521, sum512(m)) }, "ecdsa-p521-sha512", "not asked"},
		{"RSA-PSS", verify.Key{ID: "acme", Public: rsaKey.Public()}, pss(64), "rsa-pss-sha512", "valid"},
		{"RSA PKCS #1", verify.Key{ID: "acme", Public: rsaKey.Public()}, func(m []byte) []byte {
			return must(rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA256, sum256(m)))
		}, "rsa-v1_5-sha256", "valid"},
		{"HMAC", hmacKey, mac, "hmac-sha256", "not asked"},
		{"DER", verify.Key{ID: "acme", Public: p384.Public()}, func(m []byte) []byte { return must(p384.Sign(rand.Reader, sum384(m), crypto.SHA384)) }, "encoding", "invalid"},
		{"other hash", verify.Key{ID: "acme", Public: p384.Public()}, func(m []byte) []byte { return raw(p384, sum256(m)) }, "encoding", "invalid"},
		{"short salt", verify.Key{ID: "acme", Public: rsaKey.Public()}, pss(32), "encoding", "valid"}, // httpsign takes any
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := payment()
			s.key = hashed{tt.key.Public, tt.sign}
			o := options
			o.Keys = []verify.Key{tt.key}
			report := verify.Request(s.request(), o)
			got := report.Signatures[0].Algorithm
			if !report.Valid {
				got = strings.Join(causes(report), " ")
			}
			if got != tt.is || !strings.HasPrefix(report.Signatures[0].HTTPSign, tt.httpsign) {
				t.Errorf("got %q:\n%s", got, texts(t, report))
			}
			if agree := report.Valid || tt.httpsign != "valid"; agree != (len(report.Notes) == 0) {
				t.Errorf("the notes are %q", report.Notes)
			}
		})
	}
}

// Keys are read as people have them, private ones too, and errors do not quote
// what is none.
func TestParseKeys(t *testing.T) {
	p256 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(private.Public()))})
	ec := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(p256))})
	pkcs8 := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))})
	jwk := string(must(jose.JSONWebKey{Key: private.Public(), KeyID: "acme"}.MarshalJSON()))
	oct := `{"kty":"oct","kid":"shared","k":"` + base64.RawURLEncoding.EncodeToString([]byte("secret")) + `"}`
	for name, tt := range map[string]struct {
		text string
		ids  string
	}{
		"PEM":         {string(public), "."},
		"private PEM": {string(pkcs8), "."},
		"two":         {string(public) + string(ec), ".."},
		"JWK":         {jwk, "acme."},
		"JWK set":     {`{"keys":[` + jwk + "," + oct + `]}`, "acme.shared."},
	} {
		found, err := verify.ParseKeys([]byte(tt.text))
		ids := ""
		for _, k := range found {
			ids += k.ID + "."
			if (k.Public == nil) == (k.MAC == nil) {
				t.Errorf("%s: %+v", name, k)
			}
		}
		if err != nil || ids != tt.ids {
			t.Errorf("%s: %q %v", name, ids, err)
		}
	}
	for _, text := range []string{"", "sk_live_canary", `{"canary":1}`, `{"keys":[{"kty":"canary"}]}`,
		"-----BEGIN PUBLIC KEY-----\nY2FuYXJ5\n-----END PUBLIC KEY-----\n"} {
		if _, err := verify.ParseKeys([]byte(text)); err == nil || strings.Contains(fmt.Sprint(err), "canary") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
