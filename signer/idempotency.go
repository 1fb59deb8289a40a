package signer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/net/http/httpguts"
)

// IdempotencyOptions describe an idempotency key. The zero value adds a random
// UUID as Idempotency-Key to POST, PUT, PATCH and DELETE.
type IdempotencyOptions struct {
	// Header is the request header. Default: Idempotency-Key.
	Header string
	// Methods get a key. Default: POST, PUT, PATCH, DELETE.
	Methods []string
	// Quoted sends a structured-field string, as the draft
	// ietf-httpapi-idempotency-key-header has it, and not the raw value that
	// nearly every API takes.
	Quoted bool
	// Require refuses requests that bring neither a key nor, with
	// FromHeader or FromBody, what to make one of.
	Require bool
	// FromHeader and FromBody (a JSON pointer, RFC 6901) name the client's
	// own reference: the key is a UUIDv5 of it, of the upstream, the method
	// and the path, so that a client that repeats its request repeats its key.
	FromHeader, FromBody string
	// ResponseHeader tells the client its key. Default: Idempotency-Key.
	ResponseHeader string
}

// DefaultIdempotencyHeader is the header of an idempotency key.
const DefaultIdempotencyHeader = "Idempotency-Key"

// Idempotency is the step that gives every client request a key, the same one
// at every attempt. A client's own key wins and is left as it is.
type Idempotency struct{ o IdempotencyOptions }

// NewIdempotency makes the step.
func NewIdempotency(o IdempotencyOptions) (*Idempotency, error) {
	o.Header = textproto.CanonicalMIMEHeaderKey(cmp.Or(o.Header, DefaultIdempotencyHeader))
	o.ResponseHeader = textproto.CanonicalMIMEHeaderKey(cmp.Or(o.ResponseHeader, DefaultIdempotencyHeader))
	if o.Methods == nil {
		o.Methods = []string{"POST", "PUT", "PATCH", "DELETE"}
	}
	for _, name := range []string{o.Header, o.ResponseHeader, cmp.Or(o.FromHeader, "X")} {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("%q is not a header name", name)
		}
	}
	if slices.Contains(hopByHop, o.Header) {
		return nil, fmt.Errorf("%s cannot carry an idempotency key", o.Header)
	}
	if o.FromHeader != "" && o.FromBody != "" {
		return nil, errors.New("a key is made from a header or from the body, not from both")
	}
	if o.FromBody != "" && !strings.HasPrefix(o.FromBody, "/") {
		return nil, errors.New(`from body takes a JSON pointer, such as /externalId`)
	}
	o.FromHeader = textproto.CanonicalMIMEHeaderKey(o.FromHeader)
	return &Idempotency{o}, nil
}

// Phase implements Step.
func (s *Idempotency) Phase() Phase { return PhaseIdempotency }

// Owns implements Step: nothing, for a client's own key wins.
func (s *Idempotency) Owns() []string { return nil }

// NeedsBody implements Step.
func (s *Idempotency) NeedsBody(r *Request) bool {
	if s.o.FromBody == "" || !slices.Contains(s.o.Methods, r.Method) {
		return false
	}
	own, err := s.clientKey(r)
	return own == "" && err == nil
}

// Apply implements Step.
func (s *Idempotency) Apply(_ context.Context, r *Request) error {
	r.dropUnderscored(s.o.Header)
	own, err := s.clientKey(r)
	if err != nil {
		return err
	}
	if own == "" && !slices.Contains(s.o.Methods, r.Method) {
		return nil
	}
	x := r.exchange
	if own != "" {
		x.key = own
	} else if x.key == "" {
		if x.key, err = s.makeKey(r); err != nil {
			return err
		}
	}
	if own == "" {
		r.Set(s.o.Header, x.key)
	}
	r.Record.IdempotencyKey = x.key
	x.keyHeader = s.o.ResponseHeader
	return nil
}

// clientKey is the client's own key, or "".
func (s *Idempotency) clientKey(r *Request) (string, error) {
	switch values := r.Header[s.o.Header]; {
	case len(values) > 1:
		return "", InvalidRequest.Problem("the request has more than one %s", s.o.Header)
	case len(values) == 1 && values[0] != "":
		if !printable(values[0]) {
			return "", InvalidRequest.Problem("the %s of the request holds characters that are not printable ASCII", s.o.Header)
		}
		return values[0], nil
	}
	return "", nil
}

// keySpace is the name space of keys that are made from a reference.
var keySpace = uuid.MustParse("6f1e4b0e-53d1-4c5b-9f0a-0f6c2b7f1d4e")

func (s *Idempotency) makeKey(r *Request) (string, error) {
	reference, err := s.reference(r)
	if err != nil {
		return "", err
	}
	var id uuid.UUID
	switch {
	case reference != "":
		id = uuid.NewSHA1(keySpace, []byte(strings.Join([]string{r.Scheme, r.Authority, r.Method, r.Path, reference}, "\n")))
	case s.o.Require:
		return "", InvalidRequest.Problem("%s", s.required())
	default:
		if id, err = uuid.NewRandomFromReader(r.Rand); err != nil {
			return "", err
		}
	}
	if s.o.Quoted {
		return `"` + id.String() + `"`, nil
	}
	return id.String(), nil
}

// reference is the client's own reference that the key is made of, or "".
func (s *Idempotency) reference(r *Request) (string, error) {
	switch {
	case s.o.FromHeader != "":
		if values := r.Header[s.o.FromHeader]; len(values) == 1 {
			return values[0], nil
		}
	case s.o.FromBody != "":
		value, ok, err := lookupJSON(r.Body.Bytes(), s.o.FromBody)
		if err != nil && s.o.Require {
			return "", BodyUnusable.Problem("the idempotency key is made of the field %s of a JSON body: %v", s.o.FromBody, err)
		}
		if ok {
			return value, nil
		}
	}
	return "", nil
}

func (s *Idempotency) required() string {
	switch {
	case s.o.FromHeader != "":
		return "the request needs a header " + s.o.FromHeader + " or " + s.o.Header
	case s.o.FromBody != "":
		return "the request needs a field " + s.o.FromBody + " in its body or a header " + s.o.Header
	}
	return "the request needs a header " + s.o.Header
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e })
}
