package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/partnersign/partnersign/signer/keys"
)

// A Pair is a new key. It prints as [key].
type Pair struct {
	// Public is its public half, nil for a shared secret.
	Public crypto.PublicKey

	private func() []byte // a closure: nothing walks into it
}

// Format prints [key], whatever the verb.
func (*Pair) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[key]") }

// WritePrivate writes the private key as PEM of PKCS #8 (RFC 5208), or a shared
// secret in base64 on one line.
func (p *Pair) WritePrivate(w io.Writer) error {
	_, err := w.Write(p.private())
	return err
}

// The sizes of RSA keys that are made, in bits. Longer ones take too long to sign
// with.
const (
	defaultRSA = 2048
	maxRSA     = 4096
)

// secretSize is what HMAC-SHA-256 hashes at a time, in bytes: longer secrets are
// no better.
const secretSize = 64

// Generate makes a key for an algorithm. bits is the size of an RSA key, 2048 to
// 4096, and 0 for others. Default: 2048.
func Generate(a keys.Algorithm, bits int) (*Pair, error) {
	if bits != 0 && a != keys.RSAPSSSHA512 && a != keys.RSAv15SHA256 {
		return nil, errors.New("only RSA keys come in several sizes")
	}
	switch a {
	case keys.Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return pairOf(key, err)
	case keys.ECDSAP256SHA256:
		return generateECDSA(elliptic.P256())
	case keys.ECDSAP384SHA384:
		return generateECDSA(elliptic.P384())
	case keys.ECDSAP521SHA512:
		return generateECDSA(elliptic.P521())
	case keys.RSAPSSSHA512, keys.RSAv15SHA256:
		if bits == 0 {
			bits = defaultRSA
		}
		if bits < defaultRSA || bits > maxRSA || bits%8 != 0 {
			return nil, fmt.Errorf("an RSA key has %d to %d bits, a multiple of 8", defaultRSA, maxRSA)
		}
		key, err := rsa.GenerateKey(rand.Reader, bits)
		return pairOf(key, err)
	case keys.ECDSASecp256k1SHA256:
		return generateSecp256k1()
	case keys.HMACSHA256:
		return generateSecret()
	}
	return nil, errors.New("there is no such algorithm")
}

func generateECDSA(curve elliptic.Curve) (*Pair, error) {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	return pairOf(key, err)
}

func generateSecp256k1() (*Pair, error) {
	key, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		return nil, err
	}
	der, err := secp256k1PKCS8(key)
	if err != nil {
		return nil, err
	}
	return newPair(key.PubKey(), pkcs8(der)), nil
}

func generateSecret() (*Pair, error) {
	secret := make([]byte, secretSize)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return newPair(nil, []byte(base64.StdEncoding.EncodeToString(secret)+"\n")), nil
}

func pairOf(key crypto.Signer, err error) (*Pair, error) {
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return newPair(key.Public(), pkcs8(der)), nil
}

func pkcs8(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func newPair(public crypto.PublicKey, private []byte) *Pair {
	return &Pair{Public: public, private: func() []byte { return private }}
}
