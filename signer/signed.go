package signer

import "crypto/sha256"

// A Signed is one signature that was made: enough to prove later what was
// signed and by which key, and nothing by which to make it again.
type Signed struct {
	// Attempt counts the tries of one client request from 1: each is signed
	// afresh.
	Attempt int
	// Label tells the signatures of one request apart: the label of RFC 9421, or
	// the header that a signature of another kind is for.
	Label string
	// KeyID is what the partner calls the key. Empty: it is not told.
	KeyID string
	// Thumbprint is that of the key (RFC 7638). Empty: the key is a shared secret.
	Thumbprint string
	// Base is the SHA-256 of the bytes that were signed: of the signature base
	// (RFC 9421 section 2.5), or of what a signature of another kind is over.
	Base [sha256.Size]byte
}

// Signed tells the Record of a signature over base, if Options.Audit asks for
// it. A step that signs calls it, with the very key that has signed.
func (r *Request) Signed(label, keyID string, key interface{ Thumbprint() (string, error) }, base []byte) {
	x := r.exchange
	if x == nil || !x.partner.audit {
		return
	}
	thumbprint, err := key.Thumbprint()
	if err != nil { // a shared secret has none
		thumbprint = ""
	}
	r.Record.Signatures = append(r.Record.Signatures, Signed{x.attempts + 1, label, keyID, thumbprint, sha256.Sum256(base)})
}
