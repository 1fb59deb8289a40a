package partnertest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dunglas/httpsfv"
)

// A component is one thing that a signature covers (RFC 9421, section 2).
type component struct {
	id     string // as in the input: "@query-param";name="Pet"
	name   string
	params Fields // values as in the input
}

// parseComponent reads a component identifier.
func parseComponent(id string) (component, error) {
	end := len(id)
	if i := strings.Index(id, `";`); i > 0 {
		end = i + 1
	}
	name, err := unquote(id[:end])
	if err != nil {
		return component{}, err
	}
	if name == "" || name != strings.ToLower(name) {
		return component{}, fmt.Errorf("the component %s is not in lower case", id)
	}
	params, err := parameters(id[end:])
	return component{id, name, params}, err
}

// parseRequired reads a component as Require.Components has it, and whether it ends in
// a question mark.
func parseRequired(written string) (c component, conditional bool, err error) {
	written, conditional = strings.CutSuffix(written, "?")
	name, params, _ := strings.Cut(written, ";")
	if params != "" {
		params = ";" + params
	}
	c, err = parseComponent(`"` + name + `"` + params)
	return c, conditional, err
}

// equal says whether two identifiers mean the same component: the order of their
// parameters does not matter (RFC 9421, section 2).
func (c component) equal(other component) bool {
	if c.name != other.name || len(c.params) != len(other.params) {
		return false
	}
	for _, param := range c.params {
		if !slices.Contains(other.params, param) {
			return false
		}
	}
	return true
}

// errAbsent: the request does not have what a component names.
var errAbsent = errors.New("the request does not have it")

// in says whether the request has the component.
func (c component) in(r *Request) bool {
	if c.name == "@query" {
		return strings.Contains(r.Target, "?")
	}
	_, err := c.value(r)
	return !errors.Is(err, errAbsent)
}

// value is the component's value in the request (RFC 9421, sections 2.1 and 2.2).
func (c component) value(r *Request) (string, error) {
	for _, param := range c.params {
		switch name := param[0]; {
		case name == "req":
			return "", fmt.Errorf("%s is of a request that a response answers, and this is no response", c.id)
		case name == "tr":
			return "", fmt.Errorf("%s is in the trailers, which are not kept", c.id)
		case name == "name" && c.name == "@query-param":
		case (name == "sf" || name == "bs" || name == "key") && !strings.HasPrefix(c.name, "@"):
		default:
			return "", fmt.Errorf("%s has the parameter %q, which %s cannot have", c.id, name, c.name)
		}
	}
	if strings.HasPrefix(c.name, "@") {
		return c.derived(r)
	}
	lines := r.Header.Values(c.name)
	if len(lines) == 0 {
		return "", fmt.Errorf("%s is covered, and %w", c.id, errAbsent)
	}
	for _, line := range lines {
		if strings.ContainsFunc(line, func(c rune) bool { return c != '\t' && (c < ' ' || c > '~') }) {
			return "", fmt.Errorf("%s is covered, and its value has a byte that is not printable ASCII", c.id)
		}
	}
	return c.field(lines)
}

// field is the value of a field (RFC 9421, section 2.1).
func (c component) field(lines []string) (string, error) {
	binary, strict, key := c.params.Has("bs"), c.params.Has("sf"), c.params.Has("key")
	switch {
	case binary && (strict || key):
		return "", fmt.Errorf("%s has bs beside sf or key", c.id)
	case binary:
		encoded := make([]string, len(lines))
		for i, line := range lines {
			encoded[i] = ":" + base64.StdEncoding.EncodeToString([]byte(line)) + ":"
		}
		return strings.Join(encoded, ", "), nil
	case key:
		return c.member(lines)
	case strict:
		return c.strict(lines)
	}
	return strings.Join(lines, ", "), nil
}

// member is one member of a dictionary (RFC 9421, section 2.1.2).
func (c component) member(lines []string) (string, error) {
	key, err := unquote(c.params.Get("key"))
	if err != nil {
		return "", err
	}
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return "", fmt.Errorf("%s: the field is not a dictionary: %w", c.id, err)
	}
	member, ok := dictionary.Get(key)
	if !ok {
		return "", fmt.Errorf("%s is covered, and %w", c.id, errAbsent)
	}
	return httpsfv.Marshal(member)
}

// dictionaries are the fields that are dictionaries by their definition. The text of a
// field does not always tell: "a, a" is a list of two, or a dictionary of one.
var dictionaries = []string{
	"accept-signature", "content-digest", "priority", "repr-digest", "signature",
	"signature-agent", "signature-input", "want-content-digest", "want-repr-digest",
}

// strict is the strict serialisation of a structured field (RFC 9421, section 2.1.1).
func (c component) strict(lines []string) (string, error) {
	if !slices.Contains(dictionaries, c.name) {
		if item, err := httpsfv.UnmarshalItem(lines); err == nil {
			return httpsfv.Marshal(item)
		}
		if list, err := httpsfv.UnmarshalList(lines); err == nil {
			return httpsfv.Marshal(list)
		}
	}
	dictionary, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil {
		return "", fmt.Errorf("%s: the field is not a structured field: %w", c.id, err)
	}
	return httpsfv.Marshal(dictionary)
}
