package partnertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// dfnsRSABits is the least length of an RSA key.
const dfnsRSABits = 2048

// checkDfnsKey finds keys that Dfns does not take
// (docs.dfns.co/guides/developers/generate-a-key-pair).
func checkDfnsKey(key crypto.PublicKey) error {
	switch key := key.(type) {
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return nil
		}
	case *ecdsa.PublicKey:
		if key != nil && key.Curve == elliptic.P256() {
			return nil
		}
	case *secp256k1.PublicKey:
		if key != nil {
			return nil
		}
	case *rsa.PublicKey:
		if key != nil && key.N.BitLen() >= dfnsRSABits {
			return nil
		}
	}
	return fmt.Errorf("a key of type %T is none of Ed25519, ECDSA on P-256 or secp256k1, and RSA of %d bits", key, dfnsRSABits)
}

// verifyDfns verifies a credential's signature: Ed25519 of the data itself, ECDSA in
// ASN.1 DER and RSA with PKCS #1 v1.5 of its SHA-256
// (docs.dfns.co/api-reference/auth/credentials-data).
func verifyDfns(key crypto.PublicKey, data, signature []byte) bool {
	sum := digest(crypto.SHA256, string(data))
	switch key := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, data, signature)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, sum, signature)
	case *secp256k1.PublicKey:
		parsed, err := secp256k1ecdsa.ParseDERSignature(signature)
		return err == nil && parsed.Verify(sum, key)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum, signature) == nil
	}
	return false
}
