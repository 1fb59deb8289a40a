package httpsig

import (
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// A Component is one thing that a signature covers (RFC 9421 section 2).
type Component struct {
	name     string // lower case
	id       string // as it is written in the base: "name";param="value"
	key      string // of ;key
	param    string // of ;name, decoded
	header   string // canonical header name; empty for derived components
	sf, bs   bool
	hasKey   bool
	optional bool
}

// String is the component identifier as it is written in a signature base.
func (c Component) String() string { return c.id }

// hopByHop fields change from one connection to the next: a signature over
// them says nothing.
var hopByHop = []string{
	"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade",
}

var derived = []string{
	"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query", "@query-param",
}

// ParseComponent reads a component as a configuration spells it:
// name[;param[=value]]…[?], the name unquoted, a value bare or quoted, and "?"
// last: the component is left out of a request that lacks it.
//
// Derived components are those of requests (RFC 9421 section 2.2). Parameters
// are sf, bs and key for header fields (section 2.1) and name for @query-param.
func ParseComponent(spelled string) (Component, error) {
	var c Component
	tokens, err := cutParameters(spelled)
	if err != nil {
		return c, fmt.Errorf("component %s: %w", spelled, err)
	}
	last := &tokens[len(tokens)-1]
	if !last.quoted || last.optional {
		if last.optional {
			c.optional = true
		} else if s, ok := strings.CutSuffix(last.value, "?"); ok && last.hasValue {
			last.value, c.optional = s, true
		} else if s, ok := strings.CutSuffix(last.name, "?"); ok && !last.hasValue {
			last.name, c.optional = s, true
		}
	}
	c.name = strings.ToLower(tokens[0].name)
	if tokens[0].hasValue {
		return c, fmt.Errorf("component %s: a name has no value", spelled)
	}
	if err := c.setParameters(tokens[1:]); err != nil {
		return c, fmt.Errorf("component %s: %w", spelled, err)
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("component %s: %w", spelled, err)
	}
	return c, nil
}

type parameterToken struct {
	name, value string
	hasValue    bool
	quoted      bool
	optional    bool // a "?" came after the quotes
}

// cutParameters cuts a;b=c;d="e;f" into its parts.
func cutParameters(s string) ([]parameterToken, error) {
	var tokens []parameterToken
	for {
		end := strings.IndexAny(s, ";=")
		if end < 0 {
			return append(tokens, parameterToken{name: s}), nil
		}
		t := parameterToken{name: s[:end]}
		if s[end] == '=' {
			t.hasValue = true
			s = s[end+1:]
			if strings.HasPrefix(s, `"`) {
				value, rest, err := unquote(s)
				if err != nil {
					return nil, err
				}
				t.value, t.quoted = value, true
				if rest == "?" {
					t.optional, rest = true, ""
				}
				if s = rest; s == "" {
					return append(tokens, t), nil
				}
				if s[0] != ';' {
					return nil, errors.New(`expected ";" after a quoted value`)
				}
				s = s[1:]
			} else if end = strings.IndexByte(s, ';'); end < 0 {
				t.value = s
				return append(tokens, t), nil
			} else {
				t.value, s = s[:end], s[end+1:]
			}
		} else {
			s = s[end+1:]
		}
		tokens = append(tokens, t)
	}
}

// unquote reads a structured-field string at the begin of s (RFC 9651 section 3.3.3).
func unquote(s string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", "", errors.New("only quotes and backslashes can be escaped")
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", errors.New("the closing quote is missing")
}

func (c *Component) setParameters(tokens []parameterToken) error {
	c.id = quote(c.name)
	seen := map[string]bool{}
	for _, t := range tokens {
		if seen[t.name] {
			return fmt.Errorf("the parameter %s is there twice", t.name)
		}
		seen[t.name] = true
		switch t.name {
		case "sf", "bs":
			if t.hasValue {
				return fmt.Errorf("the parameter %s has no value", t.name)
			}
			c.sf, c.bs = c.sf || t.name == "sf", c.bs || t.name == "bs"
			c.id += ";" + t.name
		case "key", "name":
			if t.value == "" || !printable(t.value) {
				return fmt.Errorf("the parameter %s needs a value of printable ASCII", t.name)
			}
			if t.name == "key" {
				c.key, c.hasKey = t.value, true
			} else {
				decoded, err := url.PathUnescape(t.value)
				if err != nil {
					return errors.New("the query parameter's name holds an invalid percent-encoding")
				}
				c.param = decoded
				t.value = string(appendEncoded(nil, decoded))
			}
			c.id += ";" + t.name + "=" + quote(t.value)
		case "tr":
			return errors.New("requests with trailers are refused, so tr cannot apply")
		case "req":
			return errors.New("req is for signatures of responses")
		default:
			return fmt.Errorf("unknown parameter %q (known: sf, bs, key, and name for @query-param)", t.name)
		}
	}
	return nil
}

func (c *Component) check() error {
	fieldParameters := c.sf || c.bs || c.hasKey
	if strings.HasPrefix(c.name, "@") {
		switch {
		case !slices.Contains(derived, c.name):
			return fmt.Errorf("not a derived component of requests (%s)", strings.Join(derived, " "))
		case fieldParameters:
			return errors.New("sf, bs and key are for header fields")
		case (c.name == "@query-param") != (c.param != ""):
			return errors.New("the parameter name is for @query-param, which needs it: @query-param;name=page")
		case c.optional && c.name != "@query" && c.name != "@query-param":
			return errors.New(`"?" has no meaning here: every request has it`)
		}
		return nil
	}
	switch {
	case !httpguts.ValidHeaderFieldName(c.name):
		return errors.New("not the name of a header field")
	case c.param != "":
		return errors.New("the parameter name is for @query-param")
	case c.bs && (c.sf || c.hasKey):
		return errors.New("bs cannot be combined with sf or key (RFC 9421 section 2.1)")
	case slices.Contains(hopByHop, c.name):
		return errors.New("the field belongs to one connection and cannot be signed")
	case (c.name == "signature" || c.name == "signature-input") && !c.hasKey:
		return fmt.Errorf(`name the label of the signature to cover: %s;key="sig1"`, c.name)
	}
	c.header = textproto.CanonicalMIMEHeaderKey(c.name)
	return nil
}

// same reports whether two identifiers are equal; the order of parameters
// makes no difference (RFC 9421 section 2).
func (c Component) same(d Component) bool {
	return c.name == d.name && c.sf == d.sf && c.bs == d.bs && c.hasKey == d.hasKey && c.key == d.key && c.param == d.param
}

// quote writes a structured-field string (RFC 9651 section 4.1.6).
func quote(s string) string { return string(appendQuoted(nil, s)) }

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
