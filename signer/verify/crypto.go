package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"math/big"
)

// An attempt is one way to verify with a key. The first of a key is what RFC
// 9421 section 3.3 says, the others are what signers get wrong.
type attempt struct {
	algorithm string
	wrong     string // "": as the RFC says
	verify    func(base, signature []byte) bool
}

// attempts are the ways to verify with k.
func (k *Key) attempts() []attempt {
	switch public := k.Public.(type) {
	case ed25519.PublicKey:
		return []attempt{
			{"ed25519", "", func(base, s []byte) bool { return ed25519.Verify(public, base, s) }},
			{"ed25519", "the SHA-256 of the base was signed, and not the base", func(base, s []byte) bool { return ed25519.Verify(public, sum(crypto.SHA256, base), s) }},
			{"ed25519", "the SHA-512 of the base was signed, and not the base", func(base, s []byte) bool { return ed25519.Verify(public, sum(crypto.SHA512, base), s) }},
		}
	case *ecdsa.PublicKey:
		return attemptsECDSA(public)
	case *rsa.PublicKey:
		return attemptsRSA(public)
	}
	if k.MAC == nil {
		return nil
	}
	return []attempt{{"hmac-sha256", "", func(base, s []byte) bool {
		mac, err := k.MAC(base)
		return err == nil && hmac.Equal(mac, s)
	}}}
}

func sum(hash crypto.Hash, base []byte) []byte {
	h := hash.New()
	h.Write(base)
	return h.Sum(nil)
}

var curves = map[int]struct {
	name string
	hash crypto.Hash
}{
	256: {"ecdsa-p256-sha256", crypto.SHA256},
	384: {"ecdsa-p384-sha384", crypto.SHA384},
	521: {"ecdsa-p521-sha512", crypto.SHA512},
}

func attemptsECDSA(public *ecdsa.PublicKey) (all []attempt) {
	bits := public.Params().BitSize
	curve, ok := curves[bits]
	if !ok {
		return nil
	}
	raw := func(hash crypto.Hash) func(base, s []byte) bool {
		return func(base, s []byte) bool {
			size := (bits + 7) / 8
			return len(s) == 2*size && ecdsa.Verify(public, sum(hash, base), new(big.Int).SetBytes(s[:size]), new(big.Int).SetBytes(s[size:]))
		}
	}
	all = append(all, attempt{curve.name, "", raw(curve.hash)})
	all = append(all, attempt{curve.name, "the signature is in ASN.1 DER, where RFC 9421 wants r and s one after the other (ecdsa_encoding)",
		func(base, s []byte) bool { return ecdsa.VerifyASN1(public, sum(curve.hash, base), s) }})
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if hash != curve.hash {
			all = append(all, attempt{curve.name, "it was signed with " + hash.String() + ", where the curve wants " + curve.hash.String(), raw(hash)})
		}
	}
	return all
}

func attemptsRSA(public *rsa.PublicKey) []attempt {
	pss := func(hash crypto.Hash, salt int) func(base, s []byte) bool {
		return func(base, s []byte) bool {
			return rsa.VerifyPSS(public, hash, sum(hash, base), s, &rsa.PSSOptions{SaltLength: salt}) == nil
		}
	}
	pkcs := func(hash crypto.Hash) func(base, s []byte) bool {
		return func(base, s []byte) bool { return rsa.VerifyPKCS1v15(public, hash, sum(hash, base), s) == nil }
	}
	return []attempt{
		{"rsa-pss-sha512", "", pss(crypto.SHA512, 64)},
		{"rsa-v1_5-sha256", "", pkcs(crypto.SHA256)},
		{"rsa-pss-sha512", "the salt is not of 64 bytes", pss(crypto.SHA512, rsa.PSSSaltLengthAuto)},
		{"rsa-pss-sha256", "it was signed with RSA-PSS and SHA-256, which RFC 9421 does not have", pss(crypto.SHA256, rsa.PSSSaltLengthAuto)},
		{"rsa-v1_5-sha512", "it was signed with PKCS #1 v1.5 and SHA-512, which RFC 9421 does not have", pkcs(crypto.SHA512)},
	}
}

// name tells keys without an id apart.
func (k *Key) name() string {
	if k.ID != "" {
		return "the key " + k.ID
	}
	switch public := k.Public.(type) {
	case ed25519.PublicKey:
		return "the Ed25519 key " + short(public)
	case *ecdsa.PublicKey:
		if raw, err := public.Bytes(); err == nil {
			return "the " + public.Params().Name + " key " + short(raw)
		}
	case *rsa.PublicKey:
		return "the RSA key " + short(public.N.Bytes())
	}
	return "the secret"
}

// short is the begin of a public key's hash.
func short(public []byte) string {
	sum := sha256.Sum256(public)
	const digits = "0123456789abcdef"
	var text []byte
	for _, c := range sum[:4] {
		text = append(text, digits[c>>4], digits[c&15])
	}
	return string(text)
}
