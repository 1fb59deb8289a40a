package partnertest

import (
	"errors"
	"fmt"
	"time"
)

// Require is what a partner asks of every request. The zero value of each field asks
// for nothing.
type Require struct {
	// Bearer is the token of "Authorization: Bearer …" (RFC 6750, section 2.1).
	Bearer string

	// Username and Password are those of "Authorization: Basic …" (RFC 7617).
	Username, Password string

	// Keys are the keys by keyid, and DefaultKey that of signatures without one. With
	// any of them every request must be signed.
	Keys       map[string]Key
	DefaultKey *Key

	// Label is that of the signature to verify; other signatures are not looked at.
	// Default: every signature that the request carries must verify.
	Label string

	// Components must be covered. One is written as in a signature's input, without
	// the quotation marks around its name: @method, content-digest,
	// @query-param;name="Pet". With a ? last it must be covered if the request has it.
	Components []string

	// Parameters must be among a signature's: created, nonce, alg …
	Parameters []string

	// MaxAge is how long ago created may be; then the parameter must be there, and no
	// more than 2 s in the future. expires, when there, is always obeyed.
	MaxAge time.Duration

	// RefuseReplays fails a request whose nonce or signature was seen before. Mind
	// that without a nonce two equal requests of one second have equal Ed25519, RSA
	// PKCS #1 and HMAC signatures.
	RefuseReplays bool

	// SignatureHeader and InputHeader replace Signature and Signature-Input.
	SignatureHeader, InputHeader string

	// ContentDigest is the key that Content-Digest must have (RFC 9530, section 2)
	// when there is a body: sha-256, sha-512, or a partner's own spelling, such as
	// sha256. [AnyDigest] asks for any of these. Digests that are there are verified
	// whether asked for or not.
	ContentDigest string

	// EmptyDigest asks for the digest of an empty body too.
	EmptyDigest bool

	// IdempotencyKey is the form of the key that POST, PUT, PATCH and DELETE must have
	// (draft-ietf-httpapi-idempotency-key-header). A key seen before with another body
	// is answered with 422.
	IdempotencyKey KeyForm

	// IdempotencyHeader replaces Idempotency-Key.
	IdempotencyHeader string
}

// AnyDigest is a Require.ContentDigest that leaves the algorithm open.
const AnyDigest = "any"

// A KeyForm is how an idempotency key is written.
type KeyForm string

const (
	RawUUID    KeyForm = "uuid"        // a UUID as it is, in lower case
	QuotedUUID KeyForm = "quoted uuid" // a UUID as a structured field string, as in the draft
	AnyKey     KeyForm = "any"         // anything but the empty value
)

// signed says whether requests must be signed.
func (q Require) signed() bool { return len(q.Keys) > 0 || q.DefaultKey != nil }

// key finds the key of a signature.
func (q Require) key(keyID string, named bool) (Key, error) {
	if key, ok := q.Keys[keyID]; ok && named {
		return key, nil
	}
	switch {
	case named:
		return Key{}, fmt.Errorf("no key is known by the keyid %q", keyID)
	case q.DefaultKey == nil:
		return Key{}, errors.New("the signature has no keyid")
	}
	return *q.DefaultKey, nil
}

// complete fills in defaults and checks what a Go type does not.
func (q *Require) complete() error {
	if q.SignatureHeader == "" {
		q.SignatureHeader = "Signature"
	}
	if q.InputHeader == "" {
		q.InputHeader = "Signature-Input"
	}
	if q.IdempotencyHeader == "" {
		q.IdempotencyHeader = "Idempotency-Key"
	}
	if q.Bearer != "" && q.Username != "" {
		return errors.New("partnertest: Require has both Bearer and Username, and a request one Authorization")
	}
	if q.ContentDigest != "" && q.ContentDigest != AnyDigest && hashOf(q.ContentDigest) == 0 {
		return fmt.Errorf("partnertest: Require.ContentDigest %q is neither SHA-256 nor SHA-512", q.ContentDigest)
	}
	switch q.IdempotencyKey {
	case "", RawUUID, QuotedUUID, AnyKey:
	default:
		return fmt.Errorf("partnertest: Require.IdempotencyKey %q is no KeyForm", q.IdempotencyKey)
	}
	for _, written := range q.Components {
		if _, _, err := parseRequired(written); err != nil {
			return fmt.Errorf("partnertest: Require.Components: %w", err)
		}
	}
	for id, key := range q.Keys {
		if err := key.check(); err != nil {
			return fmt.Errorf("partnertest: key %q: %w", id, err)
		}
	}
	if q.DefaultKey != nil {
		if err := q.DefaultKey.check(); err != nil {
			return fmt.Errorf("partnertest: DefaultKey: %w", err)
		}
	}
	return nil
}
