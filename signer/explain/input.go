package explain

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/partnersign/partnersign/signer/message"
)

// NewInput is the input of a request at a time. Default of the nonce:
// DefaultNonce. Credentials are headers as of [Anonymous].
func NewInput(m *message.Request, now time.Time, nonce string, credentials ...string) Input {
	if nonce == "" {
		nonce = DefaultNonce
	}
	scheme := m.Scheme
	if scheme == "" {
		scheme = "http"
	}
	in := Input{
		Method: m.Method, URL: scheme + "://" + m.Authority + m.Target, Headers: Anonymous(m.Header, credentials...),
		Now: now.UTC().Format(time.RFC3339), Nonce: nonce,
	}
	if utf8.Valid(m.Body) {
		in.Body.Text = string(m.Body)
	} else {
		in.Body.Base64 = base64.StdEncoding.EncodeToString(m.Body)
	}
	return in
}

// Request is the request of the input.
func (in *Input) Request() (*message.Request, error) {
	m := &message.Request{Method: in.Method, Header: in.Headers, Body: []byte(in.Body.Text)}
	if in.Body.Base64 != "" {
		var err error
		if m.Body, err = base64.StdEncoding.DecodeString(in.Body.Base64); err != nil {
			return nil, err
		}
	}
	return m, m.SetURL(in.URL)
}

// Anonymous replaces what a client sends to prove who it is, in headers that
// [message.IsCredential] knows by their names and in those given: an explanation
// needs none of it.
func Anonymous(fields message.Fields, credentials ...string) message.Fields {
	fields = slices.Clone(fields)
	for i, line := range fields {
		given := slices.ContainsFunc(credentials, func(name string) bool { return strings.EqualFold(name, line[0]) })
		if !given && !message.IsCredential(line[0]) {
			continue
		}
		hidden := "<" + line[0] + " of the client>"
		if scheme, _, ok := strings.Cut(line[1], " "); ok && strings.HasSuffix(strings.ToLower(line[0]), "authorization") {
			hidden = scheme + " " + hidden
		}
		if !strings.HasSuffix(line[1], hidden) {
			fields[i][1] = hidden
		}
	}
	return fields
}
