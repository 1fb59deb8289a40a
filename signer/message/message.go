// Package message reads HTTP requests as people have them at hand: as raw text,
// as an HTTP archive, as the arguments of curl, or in parts.
//
// What was received is kept as it was: the order and spelling of header fields,
// the request target with its percent-encoding, the bytes of the body.
package message

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// A Request is a request as it is on the wire, without its framing.
type Request struct {
	Method    string `json:"method"`
	Scheme    string `json:"scheme,omitempty"`    // https or http; empty: not known
	Authority string `json:"authority,omitempty"` // the Host field or :authority
	Target    string `json:"target"`              // as on the request line (RFC 9112 section 3.2)
	Header    Fields `json:"header,omitempty"`    // without Host
	Body      []byte `json:"-"`
	// Notes say what is odd about the way the request was captured.
	Notes []string `json:"-"`
}

// Fields are header fields, names and values, in their order.
type Fields [][2]string

// Values are those of all lines of a name, whatever its letter case.
func (f Fields) Values(name string) []string {
	var values []string
	for _, line := range f {
		if strings.EqualFold(line[0], name) {
			values = append(values, line[1])
		}
	}
	return values
}

// Get is the first value of a name, or "".
func (f Fields) Get(name string) string {
	if values := f.Values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Without are the fields but those of a name.
func (f Fields) Without(name string) Fields {
	var rest Fields
	for _, line := range f {
		if !strings.EqualFold(line[0], name) {
			rest = append(rest, line)
		}
	}
	return rest
}

// add puts a field where it belongs.
func (r *Request) add(name, value string) {
	value = strings.Trim(value, " \t")
	switch strings.ToLower(name) {
	case ":method":
		r.Method = value
	case ":path":
		r.Target = value
	case ":scheme":
		r.Scheme = strings.ToLower(value)
	case ":authority":
		r.Authority = value
	case "host":
		if r.Authority == "" {
			r.Authority = value
		}
	default:
		r.Header = append(r.Header, [2]string{name, value})
	}
}

// AddLine adds a header field, "Name: value".
func (r *Request) AddLine(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if strings.HasPrefix(line, ":") {
		name, value, ok = strings.Cut(line[1:], ":")
		name = ":" + name
	}
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return fmt.Errorf("a header field is Name: value, and not %.40q", line)
	}
	r.add(name, value)
	return nil
}

// SetURL says whom the request was for, by a URL or by a path alone.
func (r *Request) SetURL(text string) error {
	if strings.HasPrefix(text, "/") {
		r.Target = text
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return errors.New("expected a URL such as https://api.partner.example/v1/payments, without a user")
	}
	_, target, _ := strings.Cut(text, "://")
	if i := strings.IndexAny(target, "/?#"); i >= 0 {
		target = target[i:]
	} else {
		target = ""
	}
	target, _, _ = strings.Cut(target, "#") // which is never sent
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	r.Scheme, r.Authority, r.Target = u.Scheme, u.Host, target
	return nil
}

// Path and query are the two halves of the target as it was sent.
func (r *Request) Path() (path, query string, hasQuery bool) {
	path, query, hasQuery = strings.Cut(r.Target, "?")
	if _, rest, absolute := strings.Cut(path, "://"); absolute && !strings.HasPrefix(path, "/") {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	return path, query, hasQuery
}

// Wire is the request as HTTP/1.1.
func (r *Request) Wire() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Target, r.Authority)
	framed := false
	for _, line := range r.Header {
		switch strings.ToLower(line[0]) {
		case "transfer-encoding":
			continue
		case "content-length":
			framed = true
		}
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	if !framed && len(r.Body) > 0 {
		b.WriteString("Content-Length: " + strconv.Itoa(len(r.Body)) + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(r.Body)
	return b.Bytes()
}
