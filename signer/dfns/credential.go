package dfns

import (
	"encoding/base64"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// CredentialAlgorithms are those that keys of credentials may have, for
// keys.KeyOptions.OneOf: Ed25519, ECDSA on P-256 and secp256k1, and RSA, which
// Dfns wants with PKCS #1 v1.5.
func CredentialAlgorithms() []keys.Algorithm {
	return []keys.Algorithm{keys.Ed25519, keys.ECDSAP256SHA256, keys.ECDSASecp256k1SHA256, keys.RSAv15SHA256}
}

// A credential answers challenges.
type credential struct {
	id  string
	key *keys.Key
}

// appendAssertion appends the answer to a challenge as POST /auth/action takes
// it. What is signed is sent, too: Dfns compares its challenge with the
// original and verifies the very bytes.
func (c *credential) appendAssertion(dst []byte, challenge string, now time.Time) ([]byte, error) {
	data := appendClientData(nil, challenge)
	signature, err := c.key.Sign(nil, data, now, keys.DER)
	if err != nil {
		return nil, err
	}
	dst = append(dst, `{"kind":"Key","credentialAssertion":{"credId":`...)
	dst = appendString(dst, c.id)
	dst = append(dst, `,"clientData":"`...)
	dst = base64.RawURLEncoding.AppendEncode(dst, data)
	dst = append(dst, `","signature":"`...)
	dst = base64.RawURLEncoding.AppendEncode(dst, signature)
	return append(dst, `"}}`...), nil
}

// appendClientData appends what a credential signs.
func appendClientData(dst []byte, challenge string) []byte {
	dst = appendString(append(dst, `{"challenge":`...), challenge)
	return append(dst, `,"type":"key.get"}`...)
}
