package e2e

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
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A signingKey is a private key as a file and as the partner knows it.
type signingKey struct {
	File      string // what the key file holds
	Algorithm string
	Partner   partnertest.Key
	PEM       string // the public key, for other verifiers
	Secret    []byte // of hmac-sha256
}

// keyOf makes one key for an algorithm, once for all tests: RSA takes its time.
var keyOf = func() func(testing.TB, string) signingKey {
	var mu sync.Mutex
	made := map[string]signingKey{}
	return func(t testing.TB, algorithm string) signingKey {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if key, ok := made[algorithm]; ok {
			return key
		}
		key, err := makeKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		made[algorithm] = key
		return key
	}
}()

func makeKey(algorithm string) (signingKey, error) {
	k := signingKey{Algorithm: algorithm}
	if algorithm == "hmac-sha256" {
		k.Secret = make([]byte, 64)
		if _, err := rand.Read(k.Secret); err != nil {
			return k, err
		}
		k.File = base64.StdEncoding.EncodeToString(k.Secret) + "\n"
		k.Partner = partnertest.Key{Algorithm: algorithm, Secret: k.Secret}
		return k, nil
	}
	var private crypto.Signer
	var err error
	switch algorithm {
	case "ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "ecdsa-p256-sha256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ecdsa-p384-sha384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ecdsa-p521-sha512":
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "rsa-pss-sha512", "rsa-v1_5-sha256":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = fmt.Errorf("no algorithm %s", algorithm)
	}
	if err != nil {
		return k, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return k, err
	}
	k.File = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if der, err = x509.MarshalPKIXPublicKey(private.Public()); err != nil {
		return k, err
	}
	k.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	k.Partner = partnertest.Key{Algorithm: algorithm, Public: private.Public()}
	return k, nil
}

// block is a partner_proxy for this partner that trusts its certificate.
// The partner's CA must be the file ca.pem.
func block(partner *partnertest.Partner, lines string) string {
	return blockAt(partner.URL(), lines)
}

func blockAt(url, lines string) string {
	trust := ""
	if strings.HasPrefix(url, "https://") {
		trust = "\ttransport http {\n\t\ttls_trust_pool file DIR/ca.pem\n\t}\n"
	}
	return "partner_proxy " + url + " {\n" + lines + "\n" + trust + "}\n"
}
