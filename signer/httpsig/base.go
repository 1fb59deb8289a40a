package httpsig

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer"
)

var errAbsent = errors.New("absent")

// appendBase appends the signature base of r (RFC 9421 section 2.5) to dst and
// returns where the value of @signature-params begins in it.
func (s *Signature) appendBase(dst []byte, r *signer.Request, keyID string, nonce []byte) (_ []byte, params int, _ error) {
	var covered [maxComponents]bool
	for i := range s.components {
		c := &s.components[i]
		line := len(dst)
		dst = append(dst, c.id...)
		dst = append(dst, ": "...)
		var err error
		if dst, err = c.appendValue(dst, r); err == errAbsent && c.optional {
			dst = dst[:line]
			continue
		} else if err != nil {
			return dst, 0, c.problem(err)
		}
		dst = append(dst, '\n')
		covered[i] = true
	}
	dst = append(dst, `"@signature-params": `...)
	params = len(dst)
	dst = append(dst, '(')
	first := true
	for i := range s.components {
		if !covered[i] {
			continue
		}
		if !first {
			dst = append(dst, ' ')
		}
		first = false
		dst = append(dst, s.components[i].id...)
	}
	dst = append(dst, ')')
	return s.appendParameters(dst, r.Now.Add(-s.back), keyID, nonce), params, nil
}

func (s *Signature) appendParameters(dst []byte, created time.Time, keyID string, nonce []byte) []byte {
	for i := range s.parameters {
		p := &s.parameters[i]
		dst = append(dst, ';')
		dst = append(dst, p.name...)
		dst = append(dst, '=')
		switch p.name {
		case "created":
			dst = strconv.AppendInt(dst, created.Unix(), 10)
		case "expires":
			dst = strconv.AppendInt(dst, created.Add(p.expires).Unix(), 10)
		case "nonce":
			dst = append(dst, '"')
			dst = s.encoding().AppendEncode(dst, nonce[:p.nonce])
			dst = append(dst, '"')
		case "alg":
			dst = appendQuoted(dst, string(s.key.Algorithm()))
		case "keyid":
			dst = appendQuoted(dst, keyID)
		case "tag":
			dst = appendQuoted(dst, p.tag)
		}
	}
	return dst
}

// appendValue appends the component's value, which is one line of printable
// characters: nothing in it may add or change a line of the base.
func (c *Component) appendValue(dst []byte, r *signer.Request) ([]byte, error) {
	start := len(dst)
	dst, err := c.appendRaw(dst, r)
	if err != nil {
		return dst, err
	}
	for _, b := range dst[start:] {
		if (b < ' ' && b != '\t') || b > '~' {
			return dst, errors.New("it holds characters that are not printable ASCII")
		}
	}
	return dst, nil
}

func (c *Component) appendRaw(dst []byte, r *signer.Request) ([]byte, error) {
	switch c.name {
	case "@method":
		return append(dst, r.Method...), nil
	case "@target-uri":
		dst = append(append(append(dst, r.Scheme...), "://"...), r.Authority...)
		return appendTarget(dst, r), nil
	case "@authority", "host":
		return append(dst, r.Authority...), nil
	case "@scheme":
		return append(dst, r.Scheme...), nil
	case "@request-target":
		return appendTarget(dst, r), nil
	case "@path":
		return append(dst, r.Path...), nil
	case "@query":
		if c.optional && !r.HasQuery {
			return dst, errAbsent
		}
		return append(append(dst, '?'), r.Query...), nil
	case "@query-param":
		dst, found, err := queryParam(dst, r.Query, c.param)
		if err == nil && !found {
			err = errAbsent
		}
		return dst, err
	}
	return c.appendField(dst, r)
}

func appendTarget(dst []byte, r *signer.Request) []byte {
	dst = append(dst, r.Path...)
	if r.HasQuery {
		dst = append(append(dst, '?'), r.Query...)
	}
	return dst
}

// appendField appends the value of a header field (RFC 9421 section 2.1).
func (c *Component) appendField(dst []byte, r *signer.Request) ([]byte, error) {
	lines := r.Header[c.header]
	if len(lines) == 0 || c.header == "User-Agent" && lines[0] == "" { // net/http sends no empty User-Agent
		return dst, errAbsent
	}
	var value string
	var err error
	switch {
	case c.bs:
		return appendWrapped(dst, lines), nil
	case c.hasKey:
		if value, err = memberOf(lines, c.key); err == errNoMember {
			err = errAbsent
		}
	case c.sf:
		value, err = strict(c.name, lines)
	default:
		for i, line := range lines {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(dst, trimSpace(line)...)
		}
		return dst, nil
	}
	return append(dst, value...), err
}

// problem tells the client why a component cannot be covered.
func (c *Component) problem(err error) error {
	if err == errAbsent {
		return signer.InvalidRequest.Problem("the partner's signature covers %s, which the request lacks: send it, or write it with a ? in components to leave it out",
			c.spelled())
	}
	return signer.InvalidRequest.Problem("the partner's signature covers %s, and it cannot be signed: %s", c.spelled(), err)
}

// spelled is the identifier without quotes around the name, as configured.
func (c *Component) spelled() string {
	return strings.Replace(c.id, quote(c.name), c.name, 1)
}
