package partnertest

import (
	"fmt"
	"strings"
)

// An input is one member of Signature-Input (RFC 9421, section 4.1).
type input struct {
	text       string // as sent: ("@method" "@path");created=1618884473
	components []component
	params     Fields // values as sent
}

// parseInput reads a member of Signature-Input.
func parseInput(text string) (input, error) {
	parts := splitAt(text, ';')
	list := text
	if len(parts) > 0 {
		list = parts[0]
	}
	if len(list) < 2 || list[0] != '(' || list[len(list)-1] != ')' {
		return input{}, fmt.Errorf("%q is not a list of components in parentheses", list)
	}
	in := input{text: text}
	var err error
	if in.params, err = parameters(text[len(list):]); err != nil {
		return input{}, err
	}
	for _, id := range splitAt(list[1:len(list)-1], ' ') {
		c, err := parseComponent(id)
		if err != nil {
			return input{}, err
		}
		if in.covers(c) {
			return input{}, fmt.Errorf("the component %s is listed twice", id)
		}
		in.components = append(in.components, c)
	}
	return in, nil
}

// covers says whether a component is among those listed.
func (in input) covers(c component) bool {
	for _, listed := range in.components {
		if listed.equal(c) {
			return true
		}
	}
	return false
}

// param is a parameter's value, unquoted when it is a string, and whether it is there.
func (in input) param(name string) (string, bool) {
	value := in.params.Get(name)
	if s, err := unquote(value); err == nil {
		value = s
	}
	return value, in.params.Has(name)
}

// signatureBase rebuilds the signature base of a request (RFC 9421, section 2.5). The
// identifiers and the last line are the sender's own text.
func signatureBase(r *Request, in input) (string, error) {
	var base strings.Builder
	for _, c := range in.components {
		value, err := c.value(r)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&base, "%s: %s\n", c.id, value)
	}
	fmt.Fprintf(&base, "%q: %s", "@signature-params", in.text)
	return base.String(), nil
}
