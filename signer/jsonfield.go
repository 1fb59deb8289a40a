package signer

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"
)

// JSONFieldOptions describe a field that a JSON body shall have. Pointer is
// required, and one of Value and ClientIP.
type JSONFieldOptions struct {
	// Pointer is the field's place (RFC 6901): /client_ip, or deeper /a/b. The
	// object that it belongs to must be there: none is made, and nothing is put
	// into an array.
	Pointer string
	// Value is what the field says: text in UTF-8, which becomes a JSON string.
	Value Value
	// ClientIP has it say the client's address, Request.Client.Addr. It is left
	// out when that is not known or not one of the internet, as private and
	// loopback addresses are not.
	ClientIP bool
	// On selects the requests. The zero value: all that have a body.
	On Match
	// Require refuses with BodyUnusable what the field cannot be put into.
	// Default: it is forwarded as it is.
	Require bool
}

// JSONField is the step that puts a field into a JSON body that lacks it, as the
// last of its object. Every other byte stays as the client wrote it. A field that
// is there stays, too, whatever it says and however its name is spelled.
//
// It looks at bodies of application/json and of types that end in +json, in
// UTF-8 and without a Content-Encoding. Of two objects of one name it takes the
// last. The client's digests of a body that was edited are removed, for they are
// not those of what is sent: a step of PhaseDigest makes others.
type JSONField struct {
	o            JSONFieldOptions
	parent, name string // parent is the pointer to the object
	start        string // of what is inserted: the comma, the name and the colon
}

// NewJSONField makes the step, or says what is wrong with its options.
func NewJSONField(o JSONFieldOptions) (*JSONField, error) {
	if err := checkPointer(o.Pointer); err != nil {
		return nil, err
	}
	if (o.Value != nil) == o.ClientIP {
		return nil, errors.New("a field says a value or the client's address, one of the two")
	}
	slash := strings.LastIndexByte(o.Pointer, '/')
	name := unescapeToken(o.Pointer[slash+1:])
	start := append(appendJSON([]byte{','}, name), ':')
	return &JSONField{o, o.Pointer[:slash], name, string(start)}, nil
}

// Phase implements Step.
func (f *JSONField) Phase() Phase { return PhaseBody }

// Owns implements Step: it sets no header.
func (f *JSONField) Owns() []string { return nil }

// NeedsBody implements Step.
func (f *JSONField) NeedsBody(r *Request) bool {
	return r.ContentLength != 0 && f.isFor(r) && notJSON(r.Header) == ""
}

// isFor reports whether there may be something to do about r.
func (f *JSONField) isFor(r *Request) bool {
	if f.o.ClientIP && !f.o.Require && !publicAddr(r.Client.Addr).IsValid() {
		return false
	}
	all := f.o.On.Methods == nil && f.o.On.Paths == nil
	return f.o.On.Matches(r.Method, r.Path) && (!all || r.ContentLength != 0)
}

// Apply implements Step. At the attempts that follow, the field is there.
func (f *JSONField) Apply(_ context.Context, r *Request) error {
	if !f.isFor(r) {
		return nil
	}
	object, fault := objectAt(r, f.parent)
	if fault != "" {
		if f.o.Require {
			return BodyUnusable.Problem("the field %s must be put into the body, and %s", f.o.Pointer, fault)
		}
		return nil
	}
	if member(object, f.name) == nil {
		field, err := f.field(r)
		if err != nil || field == nil {
			return err
		}
		if err := insertLast(r, object, field); err != nil {
			return err
		}
	}
	if r.bodyEdited() { // by this attempt or one before
		for _, name := range bodyDigests {
			delete(r.Header, name)
		}
	}
	return nil
}

// bodyDigests are headers that the edited body would belie (RFC 9530, RFC 3230
// and RFC 1864).
var bodyDigests = [...]string{"Content-Digest", "Repr-Digest", "Digest", "Content-Md5"}

// field is the field as it is inserted; nil: it is left out.
func (f *JSONField) field(r *Request) ([]byte, error) {
	field := append(make([]byte, 0, len(f.start)+64), f.start...)
	if f.o.ClientIP {
		addr := publicAddr(r.Client.Addr)
		if !addr.IsValid() {
			return nil, nil
		}
		return append(addr.AppendTo(append(field, '"')), '"'), nil
	}
	value, err := f.o.Value.Value(r.Now)
	if err == nil && !utf8.ValidString(value) {
		err = errors.New("it is not UTF-8")
	}
	if err != nil {
		return nil, CredentialUnavailable.Problem("the value of field %s is not available; the proxy's log says why", f.o.Pointer).Because(err)
	}
	return appendJSON(field, value), nil
}
