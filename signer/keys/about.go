package keys

import (
	"crypto"
	"encoding/base64"
	"errors"
)

// A Description says what a key is, without what signs.
type Description struct {
	// Algorithms are those that the key can be used with, the default first.
	Algorithms []Algorithm
	// Public is as of [Key.Public], nil for a shared secret.
	Public crypto.PublicKey
	// KeyID is the "kid" of a JWK.
	KeyID string
}

// Describe reads a private key or a shared secret as [Loader.Key] does, and keeps
// nothing of it. Its errors are the same and do not quote the content.
func Describe(content []byte, o KeyOptions) (Description, error) {
	p, err := readKey(content, o)
	if err != nil {
		return Description{}, err
	}
	d := Description{Algorithms: p.fits, KeyID: p.kid}
	if p.signer != nil {
		d.Public = p.signer.Public()
	}
	return d, nil
}

// AlgorithmsOf are those that a public key's private half can be used with, the
// default first.
func AlgorithmsOf(public crypto.PublicKey) ([]Algorithm, error) { return algorithmsFor(public) }

// Thumbprint is the hash of a public key by RFC 7638, with SHA-256, in base64url
// without padding.
func Thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := thumbprint(public)
	if err != nil {
		return "", errors.New("the public key is damaged: its thumbprint cannot be computed")
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// CheckSecretContent says why [Loader.Secret] would refuse a file with this content.
func CheckSecretContent(content []byte) error {
	_, err := parseSecret(content)
	return err
}

// ParseReference reads {env.NAME} or {file./absolute/path}: one of env and path
// is set. The error does not repeat what is none, as it may be a secret itself.
func ParseReference(s string) (env, path string, err error) {
	r, err := parseReference(s)
	return r.env, r.path, err
}
