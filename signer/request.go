package signer

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Request is the request of one attempt as the steps shape it: what it holds
// when the last step has run is what is sent.
type Request struct {
	Method    string
	Scheme    string // of the upstream
	Authority string // Host as sent
	Path      string // as sent, percent-encoding kept; begins with "/"
	Query     string // as sent, without the "?"
	HasQuery  bool   // whether there is a "?"
	// Header is complete but for Host: Content-Length, User-Agent and
	// Accept-Encoding are in it as they will be sent. Values are replaced,
	// never written into.
	Header http.Header
	// Body is the whole body. It is nil when it is streamed because no step
	// needs it, and empty when there is none.
	Body *Body
	// ContentLength is the body's length; -1: not known, it is streamed.
	ContentLength int64
	// Now is the time of the attempt: every step uses it.
	Now time.Time
	// Rand is the source of nonces.
	Rand io.Reader
	// Record is what will be told about the attempt: steps add to it.
	Record *Record

	exchange *Exchange
	defaults [2]string  // names of the headers that pin has filled in
	values   [10]string // of the headers that were set, in one piece of memory
	used     int
}

// Set sets a header, by its canonical name, to one value.
func (r *Request) Set(name, value string) {
	if r.used == len(r.values) {
		r.Header[name] = []string{value}
		return
	}
	r.values[r.used] = value
	r.used++
	r.Header[name] = r.values[r.used-1 : r.used : r.used]
}

// Target is the path and the query as they are sent (RFC 9112 section 3.2.1).
func (r *Request) Target() string {
	if r.HasQuery {
		return r.Path + "?" + r.Query
	}
	return r.Path
}

// dropUnderscored removes headers that some servers take for name.
func (r *Request) dropUnderscored(name string) {
	for other := range r.Header {
		if strings.IndexByte(other, '_') >= 0 && strings.EqualFold(strings.ReplaceAll(other, "_", "-"), name) {
			delete(r.Header, other)
		}
	}
}

// pin settles the headers that lower layers would add on their own, so that
// what is signed is what is sent.
func (r *Request) pin() {
	r.defaults = [2]string{}
	if ua := r.Header["User-Agent"]; len(ua) != 1 || ua[0] == "" {
		r.defaults[0] = "User-Agent"
		r.Set("User-Agent", defaultUserAgent)
	}
	if r.Header.Get("Accept-Encoding") == "" {
		r.defaults[1] = "Accept-Encoding"
		r.Set("Accept-Encoding", "identity")
	}
	// As net/http writes it, on every version of HTTP.
	switch {
	case r.ContentLength > 0, r.ContentLength == 0 && (r.Method == "POST" || r.Method == "PUT" || r.Method == "PATCH"):
		r.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
}

// defaultUserAgent is sent for clients that send none: many partners refuse
// requests without.
const defaultUserAgent = "partnersign"
