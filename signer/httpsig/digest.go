package httpsig

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/partnersign/partnersign/signer"
)

// DigestOptions describe a Content-Digest. The zero value is sha-256, and no
// digest for an empty body.
type DigestOptions struct {
	// Algorithms are "sha-256" and "sha-512", in the order on the wire.
	Algorithms []string
	// EmptyBody digests the empty body, too.
	EmptyBody bool
	// KeyName is written instead of the algorithm's name, for a single
	// algorithm.
	KeyName string
}

// Digest is the step that sets Content-Digest (RFC 9530) over the bytes of the
// body as they are sent. A client's own is never trusted.
type Digest struct {
	hashes []crypto.Hash
	names  []string
	empty  bool
}

// NewDigest makes the step, or says what is wrong with its options.
func NewDigest(o DigestOptions) (*Digest, error) {
	d := &Digest{names: o.Algorithms, empty: o.EmptyBody}
	if len(d.names) == 0 {
		d.names = []string{"sha-256"}
	}
	for _, name := range d.names {
		h, ok := map[string]crypto.Hash{"sha-256": crypto.SHA256, "sha-512": crypto.SHA512}[name]
		if !ok {
			return nil, fmt.Errorf("%q is not a digest algorithm: expected sha-256 or sha-512", name)
		}
		if slices.Contains(d.hashes, h) {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		d.hashes = append(d.hashes, h)
	}
	if o.KeyName != "" {
		if len(d.names) > 1 || !validLabel(o.KeyName) {
			return nil, errors.New("key_name takes the place of the name of one algorithm: lower-case letters, digits, _ - . and *")
		}
		d.names = []string{o.KeyName}
	}
	return d, nil
}

// Phase implements signer.Step.
func (d *Digest) Phase() signer.Phase { return signer.PhaseDigest }

// Owns implements signer.Step.
func (d *Digest) Owns() []string { return []string{"Content-Digest"} }

// NeedsBody implements signer.Step.
func (d *Digest) NeedsBody(r *signer.Request) bool { return r.ContentLength != 0 }

// Digests implements signer.Digester.
func (d *Digest) Digests() []crypto.Hash { return d.hashes }

// Apply implements signer.Step.
func (d *Digest) Apply(_ context.Context, r *signer.Request) error {
	if r.Body.Len() == 0 && !d.empty {
		return nil
	}
	buf := make([]byte, 0, 128)
	for i, h := range d.hashes {
		if i > 0 {
			buf = append(buf, ", "...)
		}
		buf = append(append(buf, d.names[i]...), "=:"...)
		buf = append(base64.StdEncoding.AppendEncode(buf, r.Body.Sum(h)), ':')
	}
	value := string(buf)
	r.Set("Content-Digest", value)
	r.Record.Digest = value
	return nil
}
