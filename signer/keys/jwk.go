package keys

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// jwk is what decides whether a JWK (RFC 7517) can be used.
type jwk struct {
	KeyID      string   `json:"kid"`
	Algorithm  string   `json:"alg"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
}

var (
	errMalformedJWK = errors.New("the JWK is not valid JSON or has a member of another type than RFC 7517 says")
	errJWK          = errors.New("the JWK is damaged or of a kind that is not supported: use OKP with Ed25519, EC with P-256, P-384 or P-521, RSA up to 4096 bits (longer ones as PEM), or oct")
)

// parseJWK reads a JWK, or one key of a JWK set (RFC 7517, section 5).
func parseJWK(text []byte, o KeyOptions) (privateKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil {
		return privateKey{}, errMalformedJWK
	}
	if set.Keys == nil {
		return parseOneJWK(text)
	}
	return pickJWK(set.Keys, o)
}

// pickJWK returns the only key of a set that has the wanted id, if one is
// wanted, and can be used as wanted.
func pickJWK(set []json.RawMessage, o KeyOptions) (privateKey, error) {
	var found []privateKey
	var unusable []error
	for _, text := range set {
		var k jwk
		if json.Unmarshal(text, &k) != nil {
			return privateKey{}, errMalformedJWK
		}
		if o.KeyID != "" && k.KeyID != o.KeyID {
			continue
		}
		p, err := parseOneJWK(text)
		if err == nil {
			_, err = p.choose(o)
		}
		if err != nil {
			unusable = append(unusable, err)
			continue
		}
		found = append(found, p)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1 && o.KeyID == "":
		return privateKey{}, errors.New("the JWK set holds several private keys: say which by its key id")
	case len(found) > 1:
		return privateKey{}, errors.New("the JWK set holds several private keys with the key id: give each its own")
	case len(unusable) == 1:
		return privateKey{}, unusable[0]
	case len(unusable) == 0 && o.KeyID != "":
		return privateKey{}, errors.New("the JWK set holds no key with the key id: correct the key id or add the key")
	}
	return privateKey{}, errors.New("the JWK set holds no private key that can be used to sign: add it")
}

func parseOneJWK(text []byte) (privateKey, error) {
	var k jwk
	if json.Unmarshal(text, &k) != nil {
		return privateKey{}, errMalformedJWK
	}
	if k.Use != "" && k.Use != "sig" || k.Operations != nil && !slices.Contains(k.Operations, "sign") {
		return privateKey{}, errors.New(`the JWK is not for signing: its "use" must be sig, its "key_ops" must have sign`)
	}
	p, err := k.privateKey(text)
	if err != nil {
		return privateKey{}, err
	}
	p.kid = k.KeyID
	if k.Algorithm == "" {
		return p, nil
	}
	s, err := schemeOfJOSE(k.Algorithm)
	if err != nil {
		return privateKey{}, err
	}
	if !slices.Contains(p.fits, s.algorithm) {
		return privateKey{}, errors.New(`the JWK's "alg" does not suit its key: correct it or leave it out`)
	}
	p.fits = []Algorithm{s.algorithm}
	return p, nil
}

// privateKey reads the key itself. go-jose's errors quote the input and stay
// here.
func (k jwk) privateKey(text []byte) (privateKey, error) {
	var parsed jose.JSONWebKey
	if parsed.UnmarshalJSON(text) != nil {
		return privateKey{}, errJWK
	}
	switch key := parsed.Key.(type) {
	case ed25519.PrivateKey:
		return asymmetric(key)
	case *ecdsa.PrivateKey:
		return privateEC(key)
	case *rsa.PrivateKey:
		return privateRSA(key)
	case []byte:
		return symmetric(key)
	case ed25519.PublicKey, *ecdsa.PublicKey, *rsa.PublicKey:
		return privateKey{}, errPublic
	}
	return privateKey{}, errJWK
}

// privateEC checks that the two halves belong together, which go-jose leaves
// to others: signatures of such a key would never verify.
func privateEC(key *ecdsa.PrivateKey) (privateKey, error) {
	d, err := key.Bytes()
	if err != nil {
		return privateKey{}, errJWK
	}
	checked, err := ecdsa.ParseRawPrivateKey(key.Curve, d)
	if err != nil {
		return privateKey{}, errJWK
	}
	if !checked.PublicKey.Equal(&key.PublicKey) {
		return privateKey{}, errors.New("the JWK's public key is not the one of its private key: copy it again")
	}
	return asymmetric(checked)
}

// privateRSA computes what go-jose leaves to each signature, and does not trust
// the JWK for what it can compute.
func privateRSA(key *rsa.PrivateKey) (privateKey, error) {
	if err := checkRSASize(key.N.BitLen()); err != nil {
		return privateKey{}, err
	}
	key.Precomputed = rsa.PrecomputedValues{}
	key.Precompute()
	if key.Validate() != nil {
		return privateKey{}, errJWK
	}
	return asymmetric(key)
}
