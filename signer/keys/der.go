package keys

import "errors"

var errDER = errors.New("the signer returned a malformed ECDSA signature")

// splitDER returns r and s of an ECDSA signature in ASN.1 DER (RFC 3279,
// section 2.2.3), without leading zeros. They are positive and have at most
// size bytes.
func splitDER(sig []byte, size int) (r, s []byte, err error) {
	body, rest, ok := cutDER(sig, 0x30)
	if !ok || len(rest) != 0 {
		return nil, nil, errDER
	}
	r, body, ok = cutInteger(body, size)
	if !ok {
		return nil, nil, errDER
	}
	s, body, ok = cutInteger(body, size)
	if !ok || len(body) != 0 {
		return nil, nil, errDER
	}
	return r, s, nil
}

func cutInteger(in []byte, size int) (n, rest []byte, ok bool) {
	n, rest, ok = cutDER(in, 0x02)
	if !ok || len(n) == 0 || n[0] > 0x7f {
		return nil, nil, false
	}
	if n[0] == 0 {
		// a zero leads only to keep the number positive
		if n = n[1:]; len(n) == 0 || n[0] <= 0x7f {
			return nil, nil, false
		}
	}
	return n, rest, len(n) <= size
}

// cutDER returns the content of the first element, which must have that tag,
// and what follows it. Lengths above 255 do not occur: P-521 needs 139 bytes.
func cutDER(in []byte, tag byte) (content, rest []byte, ok bool) {
	if len(in) < 2 || in[0] != tag {
		return nil, nil, false
	}
	length, in := int(in[1]), in[2:]
	if length == 0x81 && len(in) > 0 && in[0] > 0x7f {
		length, in = int(in[0]), in[1:]
	} else if length > 0x7f {
		return nil, nil, false
	}
	if length > len(in) {
		return nil, nil, false
	}
	return in[:length], in[length:], true
}

// appendPadded appends n with zeros before it, size bytes in all.
func appendPadded(dst, n []byte, size int) []byte {
	for range size - len(n) {
		dst = append(dst, 0)
	}
	return append(dst, n...)
}
