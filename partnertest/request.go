package partnertest

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Request is what a partner received. It is not changed once it is recorded.
type Request struct {
	Protocol  string // HTTP/1.1, HTTP/2.0, HTTP/3.0
	Method    string
	Target    string // the request target as on the wire (RFC 9112, section 3.2), or :path
	Scheme    string // https, or http on a partner without TLS
	Authority string // the Host field as on the wire, or :authority

	// Header has the field lines: on HTTP/1.1 all of them in their order and spelling,
	// else by name, in lower case.
	Header Fields

	// Body is the content, without its framing.
	Body []byte

	// Raw are the exact bytes of head and framed body. HTTP/1.1 only.
	Raw []byte

	ServerName string // TLS SNI; empty when the client gave an IP address
	Conn       int    // the connection's number, from 1: equal numbers mean reuse
	Turn       int    // the request's number on its connection, from 1
	Received   time.Time

	// Err says why the request is not whole: the connection ended, the framing is
	// wrong, or [Options.Break] ended it. Empty for a complete request.
	Err string

	// Verdict is what came of its verification.
	Verdict Verdict
}

// Head is Raw up to the body, without the empty line between them.
func (r *Request) Head() string {
	head, _, _ := bytes.Cut(r.Raw, []byte("\r\n\r\n"))
	return string(head)
}

// Fields are names and values in order. Names compare without regard to case.
type Fields [][2]string

// Get returns the first value of name, or "".
func (f Fields) Get(name string) string {
	for _, field := range f {
		if strings.EqualFold(field[0], name) {
			return field[1]
		}
	}
	return ""
}

// Has says whether there is a field called name.
func (f Fields) Has(name string) bool { return len(f.Values(name)) > 0 }

// Values returns all values of name in order.
func (f Fields) Values(name string) []string {
	var values []string
	for _, field := range f {
		if strings.EqualFold(field[0], name) {
			values = append(values, field[1])
		}
	}
	return values
}

// received makes a Request of what net/http understood. On HTTP/1.1 tap.cut replaces
// that by what was on the wire.
func received(r *http.Request) *Request {
	seen := &Request{
		Protocol:  r.Proto,
		Method:    r.Method,
		Target:    r.RequestURI,
		Scheme:    "http",
		Authority: r.Host,
		Received:  time.Now(),
	}
	if r.TLS != nil {
		seen.Scheme = "https"
		seen.ServerName = r.TLS.ServerName
	}
	for name, values := range r.Header {
		for _, value := range values {
			seen.Header = append(seen.Header, [2]string{strings.ToLower(name), value})
		}
	}
	slices.SortStableFunc(seen.Header, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return seen
}
