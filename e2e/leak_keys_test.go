package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"testing"
)

// signatures are one for every algorithm and every way to write a key.
func (w *leakWorld) signatures(t testing.TB) (signatures []leakSignature) {
	t.Helper()
	add := func(key, algorithm string) {
		label := fmt.Sprint("s", len(signatures)+1)
		signatures = append(signatures, leakSignature{label, key, algorithm})
	}
	for _, algorithm := range []string{"ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "ecdsa-p521-sha512", "rsa-pss-sha512", "rsa-v1_5-sha256"} {
		add(w.pemKey("the PEM key "+algorithm, newKeyFile(t, algorithm)), algorithm)
	}
	add(w.pemKey("the PKCS 1 key", newPKCS1(t)), "rsa-pss-sha512")
	add(w.jwk("the JWK"), "ed25519")
	add(w.random32("an Ed25519 seed in base64", "base64"), "ed25519")
	add(w.random32("an Ed25519 seed in hex", "hex")+" hex", "ed25519")
	add(w.random32("an HMAC secret in base64", "base64"), "hmac-sha256")
	add(w.random32("an HMAC secret in hex", "hex")+" hex", "hmac-sha256")
	add(w.inFile("an HMAC secret in text")+" text", "hmac-sha256")
	return signatures
}

// newKeyFile makes a key that is used nowhere else.
func newKeyFile(t testing.TB, algorithm string) string {
	t.Helper()
	key, err := makeKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return key.File
}

func newPKCS1(t testing.TB) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}
