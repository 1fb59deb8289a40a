package partnertest

import (
	"bytes"
	"crypto"
	"io"
	"slices"
	"strings"

	"github.com/yaronf/httpsign"
)

// hashOf is the hash that a key of Content-Digest names, or 0. Some partners leave out
// the dash.
func hashOf(name string) crypto.Hash {
	switch name {
	case "sha-256", "sha256":
		return crypto.SHA256
	case "sha-512", "sha512":
		return crypto.SHA512
	}
	return 0
}

// checkDigest verifies Content-Digest (RFC 9530, section 2): every digest that is known,
// by a computation of its own and by httpsign.
func checkDigest(r *Request, require Require, verdict *Verdict) {
	lines := r.Header.Values("Content-Digest")
	digests, err := members(strings.Join(lines, ", "))
	if err != nil {
		verdict.problem("Content-Digest cannot be read: %v.", err)
		return
	}
	var known []string
	for _, member := range digests {
		name := member[0]
		hash := hashOf(name)
		if hash == 0 {
			continue
		}
		known = append(known, name)
		sent, err := byteSequence(member[1])
		switch {
		case err != nil:
			verdict.problem("The %s of Content-Digest cannot be read: %v.", name, err)
		case !bytes.Equal(sent, digest(hash, string(r.Body))):
			verdict.problem("The %s of Content-Digest is not that of the %d bytes of the body.", name, len(r.Body))
		}
	}
	if slices.Contains(known, "sha-256") || slices.Contains(known, "sha-512") {
		body := io.NopCloser(bytes.NewReader(r.Body))
		if err := httpsign.ValidateContentDigestHeader(lines, &body, []string{"sha-256", "sha-512"}); err != nil {
			verdict.problem("httpsign refuses Content-Digest: %v.", err)
		}
	}
	if require.ContentDigest == "" || len(r.Body) == 0 && !require.EmptyDigest {
		return
	}
	switch {
	case require.ContentDigest == AnyDigest && len(known) > 0:
	case require.ContentDigest == AnyDigest:
		verdict.problem("The body has no Content-Digest with SHA-256 or SHA-512.")
	case !digests.Has(require.ContentDigest):
		verdict.problem("The body has no Content-Digest called %s.", require.ContentDigest)
	}
}
