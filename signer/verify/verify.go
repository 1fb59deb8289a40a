// Package verify says of a captured request whether its signatures are valid
// (RFC 9421), and if not, why: what must be different for them to be.
//
// The base is rebuilt from the request, the signature verified with Go's
// library; httpsign, which shares no code with this, says what it thinks of the
// same. Then everything is tried that is known to happen to requests between
// signing and capture, and the change that makes the signature valid is the
// cause.
package verify

import (
	"crypto"
	"time"

	"github.com/partnersign/partnersign/signer/message"
)

// Options say how to verify. Keys are required.
type Options struct {
	// Keys may have signed.
	Keys []Key
	// Label is the signature to look at. Default: all of them.
	Label string
	// SignatureHeader and InputHeader carry the signatures. Defaults: Signature
	// and Signature-Input.
	SignatureHeader, InputHeader string
	// MaxAge is how old created may be. Default: it is told and not judged.
	MaxAge time.Duration
	// Now is when the request was received. Default: time.Now.
	Now time.Time
}

// A Key is a public key or a shared secret.
type Key struct {
	// ID is what keyid calls it. Empty: any keyid.
	ID string
	// Public is an ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey.
	Public crypto.PublicKey
	// MAC computes an HMAC-SHA256, instead of Public.
	MAC func(message []byte) ([]byte, error)
}

// A Report is what was found out. It holds no credential of the request.
type Report struct {
	Valid bool `json:"valid"`
	// Problems are those of the request as a whole.
	Problems   []Problem   `json:"problems,omitempty"`
	Signatures []Signature `json:"signatures"`
	// Notes are no reason to refuse the request.
	Notes []string `json:"notes,omitempty"`
}

// A Problem is one thing that is wrong.
type Problem struct {
	// Cause is a word for scripts, such as path-decoded.
	Cause string `json:"cause"`
	// Says is a sentence for people.
	Says string `json:"says"`
	// Differs are the lines of the base, or the digests, that are not the same.
	Differs []Difference `json:"differs,omitempty"`
}

// A Difference is what was signed and what was received instead.
type Difference struct {
	What     string `json:"what"`
	Signed   string `json:"signed"`
	Received string `json:"received"`
}

// A Signature is one signature of the request.
type Signature struct {
	Label     string `json:"label"`
	KeyID     string `json:"keyid,omitempty"`
	Algorithm string `json:"algorithm,omitempty"`
	Valid     bool   `json:"valid"`
	// Base is rebuilt from what was received, line by line.
	Base []string `json:"base,omitempty"`
	// BaseSHA256 is the SHA-256 of the base, with nothing hidden, in hexadecimal:
	// base_sha256 of the audit log.
	BaseSHA256 string `json:"base_sha256,omitempty"`
	// HTTPSign is what httpsign says: valid, invalid and why, or not asked and why.
	HTTPSign string    `json:"httpsign"`
	Problems []Problem `json:"problems,omitempty"`
}

// Request verifies m.
func Request(m *message.Request, o Options) *Report {
	if o.SignatureHeader == "" {
		o.SignatureHeader = "Signature"
	}
	if o.InputHeader == "" {
		o.InputHeader = "Signature-Input"
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	v := &verification{o: o, m: m, r: received(m)}
	v.report.Notes = append(v.report.Notes, m.Notes...)
	v.signatures()
	v.digest()
	v.report.Valid = len(v.report.Problems) == 0 && len(v.report.Signatures) > 0
	for _, s := range v.report.Signatures {
		v.report.Valid = v.report.Valid && s.Valid
	}
	return &v.report
}
