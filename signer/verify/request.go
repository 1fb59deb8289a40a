package verify

import (
	"maps"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/message"
)

// received is m as the engine has requests, and as it was received.
func received(m *message.Request) *signer.Request {
	path, query, hasQuery := m.Path()
	r := &signer.Request{
		Method: m.Method, Scheme: m.Scheme, Path: path, Query: query, HasQuery: hasQuery,
		Header: http.Header{}, Body: signer.NewBody(m.Body), ContentLength: int64(len(m.Body)),
	}
	if r.Scheme == "" {
		r.Scheme = "https"
	}
	r.Authority = authority(r.Scheme, m.Authority)
	for _, line := range m.Header {
		name := textproto.CanonicalMIMEHeaderKey(line[0])
		r.Header[name] = append(r.Header[name], line[1])
	}
	return r
}

// authority is @authority (RFC 9421 section 2.2.3).
func authority(scheme, host string) string {
	return strings.TrimSuffix(strings.ToLower(host), map[string]string{"https": ":443", "http": ":80"}[scheme])
}

// copyOf is a request that can be changed without changing r.
func copyOf(r *signer.Request) *signer.Request {
	c := &signer.Request{
		Method: r.Method, Scheme: r.Scheme, Authority: r.Authority, Path: r.Path, Query: r.Query, HasQuery: r.HasQuery,
		Header: maps.Clone(r.Header), Body: r.Body, ContentLength: r.ContentLength,
	}
	return c
}

// isCredential reports whether the value of a header is not shown. Those of the
// signature are, whatever they are called.
func (v *verification) isCredential(name string) bool {
	return message.IsCredential(name) && !strings.EqualFold(name, v.o.SignatureHeader) && !strings.EqualFold(name, v.o.InputHeader)
}

// shown is a line of a base as it may be shown.
func (v *verification) shown(line string) string {
	id, _, _ := strings.Cut(line, ": ")
	name, _, _ := strings.Cut(strings.TrimPrefix(id, `"`), `"`)
	if !strings.HasPrefix(name, "@") && v.isCredential(name) {
		return id + ": (hidden)"
	}
	return line
}
