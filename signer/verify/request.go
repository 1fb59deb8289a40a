package verify

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
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

// credentials are headers whose values are not shown.
var credentials = []string{"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token", "x-dfns-useraction", "x-dfns-appsecret"}

// shown is a line of a base as it may be shown.
func shown(line string) string {
	for _, name := range credentials {
		if id, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(id, `"`+name+`"`) {
			return id + ": (hidden)"
		}
	}
	return line
}

func isCredential(name string) bool { return slices.Contains(credentials, strings.ToLower(name)) }
