package httpsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// The step with six components and three parameters, beside the primitive over
// the same base: /step minus /primitive is what this package costs.
func BenchmarkSignature(b *testing.B) {
	ed := ed25519.NewKeyFromSeed(make([]byte, 32))
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	secret := make([]byte, 64)
	mac, err := keys.NewHMACKey(secret)
	if err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name      string
		key       *keys.Key
		primitive func(base []byte)
	}{
		{"ed25519", newKey(b, ed), func(base []byte) { ed25519.Sign(ed, base) }},
		{"ecdsa-p256-sha256", newKey(b, p256), func(base []byte) {
			digest := sha256.Sum256(base)
			if _, err := p256.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		}},
		{"hmac-sha256", mac, func(base []byte) {
			h := hmac.New(sha256.New, secret)
			h.Write(base)
			h.Sum(nil)
		}},
	} {
		s := newSignature(b, Options{Key: bench.key}, "@method", "@target-uri", "authorization", "content-digest", "content-type", "idempotency-key")
		r := benchRequest()
		base, _, err := s.appendBase(nil, r, "test", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bench.name+"/primitive", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.primitive(base)
			}
		})
		b.Run(bench.name+"/step", func(b *testing.B) {
			b.ReportAllocs()
			ctx := b.Context()
			for b.Loop() {
				delete(r.Header, "Signature")
				delete(r.Header, "Signature-Input")
				r.Record.KeyIDs = r.Record.KeyIDs[:0]
				if err := s.Apply(ctx, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchRequest() *signer.Request {
	return request("POST", "/v1/payments?expand=source",
		"Authorization: Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJiZW5jaCJ9.c2lnbmF0dXJl",
		"Content-Digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
		"Content-Type: application/json",
		"Idempotency-Key: 8e03978e-40d5-43e8-bc93-6894a57f9324")
}
