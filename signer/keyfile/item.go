package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/partnersign/partnersign/signer/keys"
)

// An Item is one key, certificate or token of a file, without what is secret of it.
type Item struct {
	// What it is: one of the Kinds.
	Kind Kind `json:"kind"`

	// Of which type a key is, such as `EC P-384` or `RSA 2048 bits`, and how it is
	// written: `PKCS #8`, `PKCS #1`, `SEC 1`, `SPKI`, `X.509` or `JWK`.
	Type   string `json:"type,omitempty"`
	Format string `json:"format,omitempty"`

	// What a key can be used with, the default first.
	Algorithms []keys.Algorithm `json:"algorithms,omitempty"`

	// The `kid` of a JWK or a JWT.
	KeyID string `json:"key_id,omitempty"`

	// The key's hash by RFC 7638. A shared secret has none: it would tell whether
	// a guess is right.
	Thumbprint string `json:"thumbprint,omitempty"`

	// The algorithm that a JWT says it was signed with.
	SignedWith string `json:"signed_with,omitempty"`

	// Who made a token or a certificate, about whom, and for whom.
	Issuer   string   `json:"issuer,omitempty"`
	Subject  string   `json:"subject,omitempty"`
	Audience []string `json:"audience,omitempty"`

	// When it was made, and from when until when it is good.
	Issued    *time.Time `json:"issued,omitempty"`
	NotBefore *time.Time `json:"not_before,omitempty"`
	Expires   *time.Time `json:"expires,omitempty"`

	// What is to be known about it.
	Note string `json:"note,omitempty"`

	// Why it cannot be used, and what to do.
	Problem string `json:"problem,omitempty"`
}

// A Kind is what an item is.
type Kind string

// The kinds of items.
const (
	PrivateKey   Kind = "private key"
	EncryptedKey Kind = "encrypted private key"
	PublicKey    Kind = "public key"
	Certificate  Kind = "certificate"
	SharedSecret Kind = "shared secret"
	JWT          Kind = "JWT"
	JWE          Kind = "JWE"
	Opaque       Kind = "opaque"  // nothing can be told of it
	Damaged      Kind = "damaged" // it looks like something and cannot be read
	Nothing      Kind = "nothing"
)

// Secret reports whether others may not read it.
func (i *Item) Secret() bool {
	return i.Kind != PublicKey && i.Kind != Certificate && i.Kind != Nothing
}

// checkTimes makes a problem of what is over or has not begun.
func (i *Item) checkTimes(now time.Time) {
	switch {
	case i.Problem != "":
	case i.Expires != nil && !i.Expires.After(now):
		i.Problem = "it has expired: get a new one and put it in its place"
	case i.NotBefore != nil && i.NotBefore.After(now):
		i.Problem = "it is not good yet: wait, or check this machine's clock"
	}
}

// ofPublic fills in what a public key tells.
func (i *Item) ofPublic(public crypto.PublicKey) {
	switch public := public.(type) {
	case ed25519.PublicKey:
		i.Type = "Ed25519"
	case *ecdsa.PublicKey:
		i.Type = "EC " + public.Params().Name
	case *secp256k1.PublicKey:
		i.Type = "EC secp256k1"
	case *rsa.PublicKey:
		i.Type = fmt.Sprintf("RSA %d bits", public.N.BitLen())
	}
	var err error
	if i.Algorithms, err = keys.AlgorithmsOf(public); err == nil {
		i.Thumbprint, err = keys.Thumbprint(public)
	}
	if err != nil {
		i.Problem = err.Error()
	}
}

// ofPrivate fills in what the server would read from text, with nothing but one
// key in it.
func (i *Item) ofPrivate(text []byte) {
	d, err := keys.Describe(text, keys.KeyOptions{})
	switch {
	case err != nil:
		i.Problem = err.Error()
		return
	case d.Public != nil:
		i.ofPublic(d.Public)
	}
	i.Algorithms = d.Algorithms // fewer, where the key is bound to them
}
