package verify

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// hashOf is the hash that a key of Content-Digest names. Some partners leave out
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

// digestsOf is the Content-Digest of a body.
func digestsOf(names []string, body []byte) (string, bool) {
	var parts []string
	for _, name := range names {
		hash := hashOf(name)
		if hash == 0 {
			return "", false
		}
		parts = append(parts, name+"=:"+base64.StdEncoding.EncodeToString(sum(hash, body))+":")
	}
	return strings.Join(parts, ", "), len(parts) > 0
}

// digest compares Content-Digest (RFC 9530 section 2) with the body.
func (v *verification) digest() {
	lines := v.m.Header.Values("Content-Digest")
	if len(lines) == 0 {
		if len(v.m.Body) > 0 {
			v.report.Notes = append(v.report.Notes, "the request has a body and no Content-Digest: no signature covers the body")
		}
		return
	}
	digests, err := members(lines)
	if err != nil {
		v.problem("malformed", "Content-Digest cannot be read: %v", err)
		return
	}
	for _, d := range digests {
		hash := hashOf(d.label)
		if hash == 0 {
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("the digest %s is not known here", d.label))
			continue
		}
		if p := v.checkDigest(d, hash); p != nil {
			v.report.Problems = append(v.report.Problems, *p)
		}
	}
}

func (v *verification) checkDigest(d member, hash crypto.Hash) *Problem {
	sent, err := decode(d.text)
	is := sum(hash, v.m.Body)
	if err == nil && bytes.Equal(sent, is) {
		return nil
	}
	written := strings.Trim(d.text, ":")
	p := &Problem{Cause: "digest", Differs: []Difference{{d.label, written, base64.StdEncoding.EncodeToString(is)}}}
	switch {
	case strings.EqualFold(written, hex.EncodeToString(is)) || err == nil && strings.EqualFold(string(sent), hex.EncodeToString(is)):
		p.Cause, p.Says = "digest-encoding", fmt.Sprintf("the digest %s is that of the body, in hexadecimal; it must be in base64 between colons", d.label)
		return p
	case err != nil:
		p.Says = fmt.Sprintf("the digest %s is not base64 between colons", d.label)
		return p
	}
	for _, other := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if other != hash && other.Available() && bytes.Equal(sent, sum(other, v.m.Body)) {
			p.Cause, p.Says = "digest-algorithm", fmt.Sprintf("the digest called %s is one of %s", d.label, other)
			return p
		}
	}
	for _, b := range bodies(v.m.Body) {
		if bytes.Equal(sent, sum(hash, b.data)) {
			p.Cause, p.Says = b.cause, fmt.Sprintf("the digest %s is not that of the body: %s", d.label, b.says)
			return p
		}
	}
	if encoding := v.m.Header.Get("Content-Encoding"); encoding != "" && unpacked(v.m.Body) == nil {
		p.Cause, p.Says = "body-decompressed", fmt.Sprintf("the digest %s is not that of the body: the header says %s, and the body is not compressed: whatever captured it has unpacked it, or something on the way", d.label, encoding)
		return p
	}
	p.Cause, p.Says = "body-changed", fmt.Sprintf("the digest %s is not that of the %d bytes of the body: something has changed the body after it was signed", d.label, len(v.m.Body))
	return p
}
