package token

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/partnersign/partnersign/signer"
)

// EndpointOptions describe a partner's own call for tokens: a POST that is
// answered by JSON. Only URL is required. They print as [token_endpoint].
type EndpointOptions struct {
	// URL is the endpoint: https, or http on loopback.
	URL string
	// JSON are the fields of a body that is a JSON object, in order; their
	// values are strings, escaped as JSON wants it.
	JSON []Field
	// Form are the fields of a form, instead of JSON. Without either the body
	// is empty.
	Form []Field
	// Headers are set on the request.
	Headers []Field
	// Token is a JSON pointer to the token. Default: /access_token.
	Token string
	// ExpiresAt is a JSON pointer to when the token ends: seconds or, from 1e11,
	// milliseconds since 1970, or a date (RFC 3339). Default: see ExpiresIn.
	ExpiresAt string
	// ExpiresIn is a JSON pointer to how many seconds the token lives, instead
	// of ExpiresAt. Default, also if the answer lacks it: exp, if the token is
	// a JWT, or else Life.
	ExpiresIn string
	// Life is how long a token is used if nothing tells when it ends.
	// Default: DefaultLife.
	Life time.Duration
	// Client is as in OAuth2Options.
	Client *http.Client
}

// Endpoint is a Source by a partner's own call. It prints as its host.
type Endpoint struct {
	host  string
	grant func(time.Time) (Grant, error) // as in OAuth2
}

type endpoint struct {
	EndpointOptions
	poster *poster
	layout layout
}

// NewEndpoint makes a source, or says what is wrong with its options.
func NewEndpoint(o EndpointOptions) (*Endpoint, error) {
	p, err := newPoster(o.URL, o.Client)
	if err != nil {
		return nil, err
	}
	switch {
	case len(o.JSON) > 0 && len(o.Form) > 0:
		return nil, errors.New("the body is JSON or a form: give one of them")
	case o.ExpiresAt != "" && o.ExpiresIn != "":
		return nil, errors.New("a token's end is at a time or after seconds: give one of them")
	case o.Life < 0:
		return nil, errors.New("a token's life is positive")
	}
	o.JSON, o.Form, o.Headers = slices.Clone(o.JSON), slices.Clone(o.Form), slices.Clone(o.Headers)
	if err := errors.Join(checkFields(o.JSON), checkFields(o.Form), checkFields(o.Headers)); err != nil {
		return nil, err
	}
	for i := range o.Headers {
		h, err := signer.NewHeader(signer.HeaderSet, o.Headers[i].Name, o.Headers[i].Value)
		if err != nil {
			return nil, err
		}
		o.Headers[i].Name = h.Name
	}
	l := layout{life: cmp.Or(o.Life, DefaultLife)}
	var errs [3]error
	l.token, errs[0] = parsePointer(cmp.Or(o.Token, "/access_token"))
	l.expiresAt, errs[1] = parsePointer(o.ExpiresAt)
	l.expiresIn, errs[2] = parsePointer(o.ExpiresIn)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return &Endpoint{p.host, (&endpoint{o, p, l}).grant}, nil
}

// Host implements Source.
func (e *Endpoint) Host() string { return e.host }

// Grant implements Source.
func (e *Endpoint) Grant(now time.Time) (Grant, error) { return e.grant(now) }

func (e *endpoint) grant(now time.Time) (Grant, error) {
	read := reading{now: now}
	object, form, headers := read.fields(e.JSON), read.fields(e.Form), read.fields(e.Headers)
	if read.err != nil {
		return Grant{}, read.err
	}
	for _, p := range object {
		if !utf8.ValidString(p.value) {
			return Grant{}, fmt.Errorf("%s: JSON is UTF-8", p.name)
		}
	}
	for _, p := range headers {
		if !httpguts.ValidHeaderFieldValue(p.value) {
			return Grant{}, fmt.Errorf("%s: the value holds a character that a header cannot have", p.name)
		}
	}
	i := newIdentity("token_endpoint", e.poster.url, fmt.Sprint(e.layout))
	i.addPairs(object)
	i.addPairs(form)
	i.addPairs(headers)
	return Grant{i.id(), func(ctx context.Context, now time.Time) (Token, error) {
		header, body := http.Header{}, []byte(nil)
		switch {
		case len(object) > 0:
			header.Set("Content-Type", "application/json")
			body = encodeJSON(object)
		case len(form) > 0:
			header.Set("Content-Type", formType)
			body = encodeForm(form)
		}
		for _, p := range headers {
			header[p.name] = []string{p.value}
		}
		return e.poster.fetch(ctx, now, header, body, &e.layout)
	}}, nil
}

// encodeJSON is an object with its members in order.
func encodeJSON(pairs []pair) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for i, p := range pairs {
		b.WriteByte("{,"[min(i, 1)])
		_ = encoder.Encode(p.name) // strings can be encoded
		b.Truncate(b.Len() - 1)    // its newline
		b.WriteByte(':')
		_ = encoder.Encode(p.value)
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes()
}
