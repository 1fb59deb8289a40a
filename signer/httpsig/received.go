package httpsig

import (
	"errors"
	"fmt"

	"github.com/dunglas/httpsfv"

	"github.com/partnersign/partnersign/signer"
)

// An Input is what a signature of a message says that it covers: its member of
// Signature-Input (RFC 9421 section 4.1).
type Input struct {
	components []Component
	list       httpsfv.InnerList
	params     string // strictly serialised
}

// ParseInput reads the member with that label of the lines of Signature-Input.
func ParseInput(lines []string, label string) (*Input, error) {
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return nil, fmt.Errorf("it is not a dictionary: %w", err)
	}
	member, ok := dictionary.Get(label)
	if !ok {
		return nil, fmt.Errorf("it has no member %s", label)
	}
	in := new(Input)
	if in.list, ok = member.(httpsfv.InnerList); !ok {
		return nil, fmt.Errorf("the member %s is not a list of components in parentheses", label)
	}
	if in.params, err = httpsfv.Marshal(in.list); err != nil {
		return nil, err
	}
	for _, item := range in.list.Items {
		c, err := parseReceived(item)
		if err != nil {
			return nil, err
		}
		in.components = append(in.components, c)
	}
	return in, nil
}

// parseReceived reads an identifier as it stands in an input. It goes into the
// base as it was written, also where we would write it otherwise.
func parseReceived(item httpsfv.Item) (Component, error) {
	name, ok := item.Value.(string)
	id, err := httpsfv.Marshal(item)
	if err != nil || !ok {
		return Component{}, errors.New("a component is not a string")
	}
	c, err := ParseComponent(name + id[len(quote(name)):])
	c.id = id
	return c, err
}

// Components are what is covered, in their order.
func (in *Input) Components() []Component { return in.components }

// Parameter is a parameter of the signature: a string, an int64 or whatever else
// structured fields have.
func (in *Input) Parameter(name string) (value any, ok bool) { return in.list.Params.Get(name) }

// Parameters are the names of the parameters, in their order.
func (in *Input) Parameters() []string { return in.list.Params.Names() }

// String is the input strictly serialised, as the last line of a base has it.
func (in *Input) String() string { return in.params }

// Value is what c stands for in r. The error says why there is nothing.
func (c Component) Value(r *signer.Request) (string, error) {
	value, err := c.appendValue(nil, r)
	if err == errAbsent {
		err = errors.New("the request does not have it")
	}
	return string(value), err
}

// Base rebuilds the signature base of r (RFC 9421 section 2.5).
func (in *Input) Base(r *signer.Request) (string, error) {
	var base []byte
	for _, c := range in.components {
		value, err := c.Value(r)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.id, err)
		}
		base = append(append(append(append(base, c.id...), ": "...), value...), '\n')
	}
	return string(append(append(base, `"@signature-params": `...), in.params...)), nil
}

// Signed is what the step has signed of r, once it has run; "": nothing.
func (s *Signature) Signed(r *signer.Request) (string, error) {
	if !s.on.Matches(r.Method, r.Path) {
		return "", nil
	}
	in, err := ParseInput(r.Header[s.inputHeader], s.label)
	if err != nil {
		return "", err
	}
	return in.Base(r)
}
