package partnertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"errors"
	"fmt"
	"math/big"
)

// A Key verifies signatures.
type Key struct {
	// Algorithm is a name of RFC 9421, section 3.3, or ecdsa-p521-sha512, which has no
	// registration. Default: the one of the key's type, rsa-pss-sha512 for RSA.
	Algorithm string

	// Public is an ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey.
	Public crypto.PublicKey

	// Secret is the shared secret of hmac-sha256.
	Secret []byte

	// DER says that ECDSA signatures are in ASN.1 DER. Default: r and s, one after the
	// other (RFC 9421, sections 3.3.4 and 3.3.5).
	DER bool
}

// ecdsaAlgorithms are names and hashes by the size of the curve in bits.
var ecdsaAlgorithms = map[int]struct {
	name string
	hash crypto.Hash
}{
	256: {"ecdsa-p256-sha256", crypto.SHA256},
	384: {"ecdsa-p384-sha384", crypto.SHA384},
	521: {"ecdsa-p521-sha512", crypto.SHA512},
}

// algorithm is the algorithm's name, with the default filled in.
func (k Key) algorithm() string {
	if k.Algorithm != "" {
		return k.Algorithm
	}
	switch public := k.Public.(type) {
	case ed25519.PublicKey:
		return "ed25519"
	case *rsa.PublicKey:
		return "rsa-pss-sha512"
	case *ecdsa.PublicKey:
		return ecdsaAlgorithms[public.Params().BitSize].name
	}
	return "hmac-sha256"
}

// check finds keys that cannot verify anything.
func (k Key) check() error {
	fits := false
	switch public := k.Public.(type) {
	case nil:
		fits = len(k.Secret) > 0 && k.algorithm() == "hmac-sha256"
	case ed25519.PublicKey:
		fits = len(public) == ed25519.PublicKeySize && k.algorithm() == "ed25519"
	case *rsa.PublicKey:
		fits = k.algorithm() == "rsa-pss-sha512" || k.algorithm() == "rsa-v1_5-sha256"
	case *ecdsa.PublicKey:
		known, ok := ecdsaAlgorithms[public.Params().BitSize]
		fits = ok && k.algorithm() == known.name
	}
	if !fits {
		return fmt.Errorf("a key of type %T and a secret of %d bytes do not fit the algorithm %q", k.Public, len(k.Secret), k.algorithm())
	}
	return nil
}

var errWrongSignature = errors.New("the signature does not fit the base and the key")

// verify verifies a signature of base with the standard library (RFC 9421, section 3.3).
func (k Key) verify(base string, signature []byte) error {
	ok := false
	switch public := k.Public.(type) {
	case nil:
		mac := hmac.New(sha256.New, k.Secret)
		mac.Write([]byte(base))
		ok = hmac.Equal(mac.Sum(nil), signature)
	case ed25519.PublicKey:
		ok = ed25519.Verify(public, []byte(base), signature)
	case *rsa.PublicKey:
		if k.algorithm() == "rsa-pss-sha512" {
			// Section 3.3.1 fixes the salt at 64 bytes, which is the hash's length.
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
			ok = rsa.VerifyPSS(public, crypto.SHA512, digest(crypto.SHA512, base), signature, options) == nil
		} else {
			ok = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest(crypto.SHA256, base), signature) == nil
		}
	case *ecdsa.PublicKey:
		return k.verifyECDSA(public, base, signature)
	}
	if !ok {
		return errWrongSignature
	}
	return nil
}

func (k Key) verifyECDSA(public *ecdsa.PublicKey, base string, signature []byte) error {
	bits := public.Params().BitSize
	sum := digest(ecdsaAlgorithms[bits].hash, base)
	size := (bits + 7) / 8
	switch {
	case k.DER:
		if ecdsa.VerifyASN1(public, sum, signature) {
			return nil
		}
	case len(signature) != 2*size:
		return fmt.Errorf("the signature has %d bytes, where r and s of the curve have %d each", len(signature), size)
	default:
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		if ecdsa.Verify(public, sum, r, s) {
			return nil
		}
	}
	return errWrongSignature
}

// digest is the hash of text.
func digest(hash crypto.Hash, text string) []byte {
	h := hash.New()
	h.Write([]byte(text))
	return h.Sum(nil)
}
