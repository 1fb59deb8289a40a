package partnertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// A jsonObject is a JSON object whose members are taken out one by one. It is stricter
// than encoding/json: names differ by case, each comes once, nothing follows, and text is
// UTF-8. The first fault stays in err, and everything is empty from then on.
type jsonObject struct {
	err    error
	names  []string // in the order in which they are written
	values map[string]json.RawMessage
}

func readObject(text []byte) *jsonObject {
	o := &jsonObject{values: map[string]json.RawMessage{}}
	if !utf8.Valid(text) {
		o.err = errors.New("it is not UTF-8")
		return o
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		o.err = errors.New("it is not a JSON object")
		return o
	}
	for decoder.More() && o.err == nil {
		o.err = o.readMember(decoder)
	}
	if o.err == nil {
		_, o.err = decoder.Token()
	}
	if o.err == nil {
		if _, err := decoder.Token(); err != io.EOF {
			o.err = errors.New("something follows the JSON object")
		}
	}
	return o
}

func (o *jsonObject) readMember(decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	name, _ := token.(string)
	if slices.Contains(o.names, name) {
		return fmt.Errorf("%q is there twice", name)
	}
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	o.names = append(o.names, name)
	o.values[name] = value
	return nil
}

// only allows members with these names alone.
func (o *jsonObject) only(names ...string) {
	for _, name := range o.names {
		if o.err == nil && !slices.Contains(names, name) {
			o.err = fmt.Errorf("%q is not a property that is expected", name)
		}
	}
}

func (o *jsonObject) has(name string) bool { return slices.Contains(o.names, name) }

// need makes it a fault that a member is missing.
func (o *jsonObject) need(name string) {
	if o.err == nil && !o.has(name) {
		o.err = fmt.Errorf("%s is missing", name)
	}
}

// text is a string that must be there.
func (o *jsonObject) text(name string) string {
	o.need(name)
	return o.optional(name)
}

// optional is a string that may be absent.
func (o *jsonObject) optional(name string) (text string) {
	value := o.values[name]
	if o.err != nil || value == nil {
		return ""
	}
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		o.err = fmt.Errorf("%s is not a string", name)
	}
	return text
}

// object is an object that must be there. Its faults are those of its own err.
func (o *jsonObject) object(name string) *jsonObject {
	o.need(name)
	if o.err != nil {
		return &jsonObject{err: o.err}
	}
	inner := readObject(o.values[name])
	if inner.err != nil {
		inner.err = fmt.Errorf("%s: %w", name, inner.err)
	}
	return inner
}

// raw is the text of a member of any type that must be there.
func (o *jsonObject) raw(name string) json.RawMessage {
	o.need(name)
	return o.values[name]
}

// texts is a list of strings that may be absent; it is never nil.
func (o *jsonObject) texts(name string) []string {
	list := []string{}
	value := o.values[name]
	if o.err == nil && value != nil && (value[0] != '[' || json.Unmarshal(value, &list) != nil) {
		o.err = fmt.Errorf("%s is not a list of strings", name)
	}
	return list
}
