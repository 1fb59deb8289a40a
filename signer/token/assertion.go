package token

import (
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/partnersign/partnersign/signer/keys"
)

// assertionLife is how long an assertion is good: it is used at once.
const assertionLife = time.Minute

// assertionAlgorithms are those of RFC 7518 section 3.1 and RFC 8037 that keys
// are used with. RS256 is first for RSA, as every server knows it.
var assertionAlgorithms = []struct {
	jws jose.SignatureAlgorithm
	key keys.Algorithm
}{
	{jose.RS256, keys.RSAv15SHA256},
	{jose.PS512, keys.RSAPSSSHA512},
	{jose.ES256, keys.ECDSAP256SHA256},
	{jose.ES384, keys.ECDSAP384SHA384},
	{jose.ES512, keys.ECDSAP521SHA512},
	{jose.EdDSA, keys.Ed25519},
}

// AssertionAlgorithms returns what a key of OAuth2Options may be used with, for
// keys.KeyOptions.OneOf: with the JWS algorithm of that name or, if it is empty,
// with the one that suits the key, which is RS256 for RSA. The error lists the
// names.
func AssertionAlgorithms(name string) ([]keys.Algorithm, error) {
	var all []keys.Algorithm
	var names []string
	for _, a := range assertionAlgorithms {
		if string(a.jws) == name {
			return []keys.Algorithm{a.key}, nil
		}
		if a.jws != jose.PS512 {
			all = append(all, a.key)
		}
		names = append(names, string(a.jws))
	}
	if name == "" {
		return all, nil
	}
	return nil, errors.New("unknown algorithm: expected one of " + strings.Join(names, ", "))
}

func assertionAlgorithm(a keys.Algorithm) (jose.SignatureAlgorithm, error) {
	for _, known := range assertionAlgorithms {
		if known.key == a {
			return known.jws, nil
		}
	}
	return "", errors.New("assertions are not signed with " + string(a) + ": give an RSA key, one on P-256, P-384 or P-521, or an Ed25519 key")
}

// sign makes the JWT (RFC 7523 section 3).
func (a *assertion) sign(now time.Time) (string, error) {
	algorithm, err := assertionAlgorithm(a.key.Algorithm())
	if err != nil {
		return "", err
	}
	key := jose.SigningKey{Algorithm: algorithm, Key: &joseSigner{a, algorithm, now}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer:   a.id,
		Subject:  a.id,
		Audience: jwt.Audience{a.audience},
		ID:       uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(assertionLife)),
	}).Serialize()
}

// A joseSigner signs with a key of package keys.
type joseSigner struct {
	*assertion
	algorithm jose.SignatureAlgorithm
	now       time.Time
}

var _ jose.OpaqueSigner = (*joseSigner)(nil)

// Public implements jose.OpaqueSigner: it gives the kid.
func (s *joseSigner) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: s.key.Public(), KeyID: s.keyID}
}

// Algs implements jose.OpaqueSigner.
func (s *joseSigner) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{s.algorithm} }

// SignPayload implements jose.OpaqueSigner. RFC 7518 section 3.4 wants r and s
// as RFC 9421 does.
func (s *joseSigner) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return s.key.Sign(nil, payload, s.now, keys.Raw)
}
