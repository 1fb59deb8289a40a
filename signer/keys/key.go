package keys

import (
	"bytes"
	"crypto"
	"errors"
	"time"
)

// Key is a private key, or a shared HMAC secret, with the algorithm it is used
// with. It prints as [key]. It is safe for concurrent use. The zero Key is not
// usable.
type Key struct {
	open func() *key
}

type key struct {
	algorithm Algorithm
	*live[*material]
}

// KeyOptions says how to read a key. The zero value suits most keys.
type KeyOptions struct {
	// Algorithm is what the key is used with. Empty: what a JWK's "alg" says,
	// else what the key's type does: Ed25519 for ed25519, ECDSA for the
	// algorithm of its curve, RSA for rsa-pss-sha512, a secret for hmac-sha256.
	Algorithm Algorithm

	// OneOf, instead of Algorithm, lists those that the key may be used with;
	// its type decides which of them it is.
	OneOf []Algorithm

	// KeyID picks a key of a JWK set by its "kid". Empty: the set must hold
	// exactly one private key that can be used. A key that is not in a set is
	// used whatever its "kid".
	KeyID string

	// Format is how the key is written; by default it is recognised.
	Format Format
}

// algorithms are those that the options name.
func (o KeyOptions) algorithms() []Algorithm {
	if o.Algorithm != "" {
		return []Algorithm{o.Algorithm}
	}
	return o.OneOf
}

func (o KeyOptions) check() error {
	for _, a := range o.algorithms() {
		if schemeOf(a) == nil {
			_, err := ParseAlgorithm(string(a))
			return err
		}
	}
	return nil
}

// Key opens the private key that ref names: an absolute path,
// {file./absolute/path} or {env.NAME}. Anything else is an error that does not
// repeat it, as it may be the key itself; so is a path with + or = in it, which
// must be written {file.…}. The errors say what is wrong with the key without
// quoting it.
//
// A file that changes is read again. The new key must suit the algorithm of the
// first one; while it does not, or cannot be read, the former key stays in use,
// [Loader.Reloaded] is told, and the file is read again every second.
func (l *Loader) Key(ref string, o KeyOptions) (*Key, error) {
	r, err := parseKeyReference(ref)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if l.StandIns {
		return l.standInKey(r, o)
	}
	current, err := open(l, r, func(content []byte) (*material, error) {
		m, err := parseKey(content, o)
		if err == nil {
			o.Algorithm = m.scheme.algorithm // binds the keys that follow
		}
		return m, err
	})
	if err != nil {
		return nil, err
	}
	l.resolved(thumbprintName, current.last().thumbprint)
	l.resolved(kidName, current.last().kid)
	return newKey(current), nil
}

// NewKey returns a key that signs with s, which may be in an HSM or a key
// service: its Sign is given the digest, or the message if the algorithm is
// ed25519, and returns ECDSA signatures as ASN.1 DER, as [crypto.Signer] has
// it. A [crypto.MessageSigner] is given the message. With an empty algorithm
// the type of its public key decides, see [KeyOptions].
func NewKey(s crypto.Signer, a Algorithm) (*Key, error) {
	if s == nil {
		return nil, errors.New("there is no signer: give a crypto.Signer")
	}
	o := KeyOptions{Algorithm: a}
	if err := o.check(); err != nil {
		return nil, err
	}
	p, err := asymmetric(s)
	if err != nil {
		return nil, err
	}
	return newFixedKey(p, o)
}

// NewHMACKey returns a key for hmac-sha256. The secret is copied; an empty one
// is an error.
func NewHMACKey(secret []byte) (*Key, error) {
	p, err := symmetric(bytes.Clone(secret))
	if err != nil {
		return nil, err
	}
	return newFixedKey(p, KeyOptions{})
}

func newFixedKey(p privateKey, o KeyOptions) (*Key, error) {
	m, err := newMaterial(p, o)
	if err != nil {
		return nil, err
	}
	return m.key, nil
}

func newKey(current *live[*material]) *Key {
	k := &key{algorithm: current.last().scheme.algorithm, live: current}
	return &Key{open: func() *key { return k }}
}

// Current returns the key that is in use at the time now, as one that stays
// what it is: a key id taken from it belongs to the signatures it makes, even
// when the file changes in between. It looks at the file as [Key.Sign] does.
func (k *Key) Current(now time.Time) *Key {
	m, _ := k.open().get(now)
	return m.key
}

// Algorithm returns what the key signs with. It never changes.
func (k *Key) Algorithm() Algorithm { return k.open().algorithm }

// Public returns the public key that was last in use, an [ed25519.PublicKey],
// [*ecdsa.PublicKey], [*rsa.PublicKey] or, on its curve, [*secp256k1.PublicKey],
// or nil for hmac-sha256.
func (k *Key) Public() crypto.PublicKey { return k.open().last().public }

// Thumbprint returns the JWK thumbprint (RFC 7638, SHA-256, base64url without
// padding) of the key that was last in use. For hmac-sha256 it is an error: it
// would publish a hash of the secret.
func (k *Key) Thumbprint() (string, error) {
	thumbprint := k.open().last().thumbprint
	if thumbprint == "" {
		return "", errors.New("a shared secret has no thumbprint, which would publish a hash of it: set a key id")
	}
	return thumbprint, nil
}

// JWKKeyID returns the "kid" of the JWK that was last in use, or "".
func (k *Key) JWKKeyID() string { return k.open().last().kid }
