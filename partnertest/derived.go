package partnertest

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// derived is the value of a derived component (RFC 9421, section 2.2), taken from the
// request line and the Host field as they were sent.
func (c component) derived(r *Request) (string, error) {
	path, query := r.splitTarget()
	switch c.name {
	case "@method":
		return r.Method, nil
	case "@scheme":
		return r.Scheme, nil
	case "@authority":
		return r.authority(), nil
	case "@request-target":
		return r.Target, nil
	case "@target-uri":
		switch {
		case r.Target == "*":
			return r.Scheme + "://" + r.authority(), nil
		case strings.HasPrefix(r.Target, "/"):
			return r.Scheme + "://" + r.authority() + r.Target, nil
		}
		return r.Target, nil
	case "@path":
		return path, nil
	case "@query":
		return "?" + query, nil
	case "@query-param":
		return c.queryParam(query)
	}
	return "", fmt.Errorf("%s is no derived component of a request", c.id)
}

// authority is @authority: in lower case, without the scheme's default port
// (RFC 9421, section 2.2.3).
func (r *Request) authority() string {
	port := map[string]string{"http": ":80", "https": ":443"}[r.Scheme]
	return strings.TrimSuffix(strings.ToLower(r.Authority), port)
}

// splitTarget cuts the request target into path and query, undecoded (RFC 9112,
// section 3.2, and RFC 9421, section 2.2.6: an empty path is "/").
func (r *Request) splitTarget() (path, query string) {
	path, query, _ = strings.Cut(r.Target, "?")
	if _, rest, absolute := strings.Cut(path, "://"); absolute && !strings.HasPrefix(path, "/") {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	return path, query
}

// queryParam is the value of the one parameter with this name (RFC 9421, section
// 2.2.8). Name and value are decoded as a form's and encoded anew.
func (c component) queryParam(query string) (string, error) {
	name, err := unquote(c.params.Get("name"))
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.id, err)
	}
	var values []string
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if pair != "" && encodeForm(decodeForm(key)) == name {
			values = append(values, encodeForm(decodeForm(value)))
		}
	}
	switch len(values) {
	case 0:
		return "", fmt.Errorf("%s is covered, and %w", c.id, errAbsent)
	case 1:
		return values[0], nil
	}
	return "", fmt.Errorf("%s is covered, and the query has it %d times", c.id, len(values))
}

// decodeForm decodes as the WHATWG's form parser does: an escape that is none stands
// for itself.
func decodeForm(s string) string {
	var decoded []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		}
		if c == '%' && i+2 < len(s) {
			if escaped, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				c, i = escaped[0], i+2
			}
		}
		decoded = append(decoded, c)
	}
	return string(decoded)
}

// encodeForm encodes every byte but the letters, digits and *-._ of the WHATWG's form
// set. A space is %20 (RFC 9421, section 2.2.8).
func encodeForm(s string) string {
	var encoded strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("*-._", c) >= 0:
			encoded.WriteByte(c)
		default:
			fmt.Fprintf(&encoded, "%%%02X", c)
		}
	}
	return encoded.String()
}
