package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/go-jose/go-jose/v4"
)

// privateKey is a key as it was read: a signer or a secret.
type privateKey struct {
	signer crypto.Signer
	secret []byte
	kid    string
	fits   []Algorithm // what it may be used with, the default first
}

func asymmetric(s crypto.Signer) (privateKey, error) {
	if key, ok := s.(ed25519.PrivateKey); ok && len(key) != ed25519.PrivateKeySize {
		return privateKey{}, errors.New("the Ed25519 private key is not 64 bytes long")
	}
	fits, err := algorithmsFor(s.Public())
	return privateKey{signer: s, fits: fits}, err
}

func symmetric(secret []byte) (privateKey, error) {
	if len(secret) == 0 {
		return privateKey{}, errEmpty
	}
	return privateKey{secret: secret, fits: []Algorithm{HMACSHA256}}, nil
}

// choose returns the scheme to use the key with: the first that it fits and
// that the options name or, when they name none, that is not special.
func (p privateKey) choose(o KeyOptions) (*scheme, error) {
	want := o.algorithms()
	allowed := want
	if len(want) == 0 {
		allowed = generalAlgorithms()
	}
	for _, a := range p.fits {
		if slices.Contains(allowed, a) {
			return schemeOf(a), nil
		}
	}
	switch len(want) {
	case 0: // the key is for a special one
		return nil, errCurve
	case 1:
		return nil, fmt.Errorf("the key does not suit the algorithm %s: it can be used with %s", want[0], join(p.fits))
	}
	return nil, fmt.Errorf("the key suits none of the algorithms %s: it can be used with %s", join(want), join(p.fits))
}

// material is a key, ready to sign. It does not change.
type material struct {
	scheme     *scheme
	signer     crypto.Signer    // nil: HMAC
	macs       sync.Pool        // of hash.Hash, reset
	public     crypto.PublicKey // nil: HMAC
	size       int              // bytes of a signature; 0: ECDSA, HMAC
	thumbprint string           // "": HMAC
	kid        string
	key        *Key // this material for good
}

func newMaterial(p privateKey, o KeyOptions) (*material, error) {
	s, err := p.choose(o)
	if err != nil {
		return nil, err
	}
	m := &material{scheme: s, signer: p.signer, kid: p.kid}
	if p.signer == nil {
		m.macs.New = func() any { return hmac.New(sha256.New, p.secret) }
	} else {
		m.public = p.signer.Public()
		m.size = signatureSize(m.public)
		sum, err := thumbprint(m.public)
		if err != nil {
			return nil, errors.New("the public key is damaged: its thumbprint cannot be computed")
		}
		m.thumbprint = base64.RawURLEncoding.EncodeToString(sum)
	}
	m.key = newKey(fixed(m, nil))
	return m, nil
}

// thumbprint is the public key's hash of RFC 7638, with SHA-256.
func thumbprint(public crypto.PublicKey) ([]byte, error) {
	if public, ok := public.(*secp256k1.PublicKey); ok {
		return thumbprintSecp256k1(public), nil
	}
	return (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
}
