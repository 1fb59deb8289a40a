package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// BenchmarkSign compares Sign, of keys in files, with what it is made of.
func BenchmarkSign(b *testing.B) {
	message := make([]byte, 400) // a usual signature base
	secret := []byte("a secret of thirty-two bytes....")
	tests := []struct {
		algorithm keys.Algorithm
		content   string
		format    keys.Format
		primitive func() ([]byte, error)
	}{
		{keys.Ed25519, pkcs8(edKey), keys.FormatAuto, func() ([]byte, error) {
			return ed25519.Sign(edKey, message), nil
		}},
		{keys.ECDSAP256SHA256, pkcs8(p256Key), keys.FormatAuto, func() ([]byte, error) {
			digest := sha256.Sum256(message)
			return ecdsa.SignASN1(rand.Reader, p256Key, digest[:])
		}},
		{keys.ECDSAP384SHA384, pkcs8(p384Key), keys.FormatAuto, func() ([]byte, error) {
			digest := sha512.Sum384(message)
			return ecdsa.SignASN1(rand.Reader, p384Key, digest[:])
		}},
		{keys.ECDSAP521SHA512, pkcs8(p521Key), keys.FormatAuto, func() ([]byte, error) {
			digest := sha512.Sum512(message)
			return ecdsa.SignASN1(rand.Reader, p521Key, digest[:])
		}},
		{keys.RSAPSSSHA512, pkcs8(rsaKey), keys.FormatAuto, func() ([]byte, error) {
			digest := sha512.Sum512(message)
			return rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA512, digest[:], &rsa.PSSOptions{SaltLength: 64})
		}},
		{keys.RSAv15SHA256, pkcs8(rsaKey), keys.FormatAuto, func() ([]byte, error) {
			digest := sha256.Sum256(message)
			return rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest[:])
		}},
		{keys.HMACSHA256, string(secret), keys.FormatText, func() ([]byte, error) {
			h := hmac.New(sha256.New, secret)
			h.Write(message)
			return h.Sum(nil), nil
		}},
	}
	for _, tt := range tests {
		b.Run(string(tt.algorithm)+"/primitive", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tt.primitive(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(tt.algorithm)+"/Sign", func(b *testing.B) {
			key := must(loadKey(b, tt.content, keys.KeyOptions{Algorithm: tt.algorithm, Format: tt.format}))
			dst := make([]byte, 0, 512)
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := key.Sign(dst, message, now, keys.Raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSecretValue(b *testing.B) {
	secret := must(new(keys.Loader).Secret("{file." + tempFile(b, "token\n") + "}"))
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := secret.Value(now); err != nil {
			b.Fatal(err)
		}
	}
}

// A look at an unchanged file, once a second.
func BenchmarkSecretLook(b *testing.B) {
	clock := newClock()
	secret := must((&keys.Loader{Now: clock.now}).Secret("{file." + tempFile(b, "token\n") + "}"))
	b.ReportAllocs()
	for b.Loop() {
		clock.advance(time.Second)
		if _, err := secret.Value(clock.now()); err != nil {
			b.Fatal(err)
		}
	}
}
