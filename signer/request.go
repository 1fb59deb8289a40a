package signer

import (
	"io"
	"net/http"
	"net/netip"
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
	// Client is who has sent the request, as far as it is known.
	Client Client
	// Deadline is when the client request must be answered; a step that waits
	// for something looks whether that is in time. Zero: never.
	Deadline time.Time
	// Now is the time of the attempt: every step uses it. What comes after a
	// challenge has the time after it.
	Now time.Time
	// Rand is the source of nonces.
	Rand io.Reader
	// Record is what will be told about the attempt: steps add to it.
	Record *Record

	exchange *Exchange
	base     http.RoundTripper // of the attempt
	dial     string            // what base takes for the host
	watchers []func(*http.Response) (again bool)
	detached bool       // from the client's leaving
	defaults [2]string  // names of the headers that pin has filled in
	values   [10]string // of the headers that were set, in one piece of memory
	used     int
}

// A Client is who has sent a request.
type Client struct {
	// Addr is the client's trusted address: behind proxies that are trusted,
	// what they say. The zero value: not known.
	Addr netip.Addr
	// Identity tells clients apart that may not use what belongs to another,
	// such as the fingerprint of a certificate. It is not secret.
	// Empty: the address.
	Identity string
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

// OnAnswer has watch called once, when this attempt is over: with the partner's
// answer before the client gets it, or with nil when there is none. It may read
// the answer's body if it puts another in its place. again asks for the request
// to be signed and sent once more, with what has changed since; that is done if
// the body is held, and once for a client request.
func (r *Request) OnAnswer(watch func(res *http.Response) (again bool)) {
	r.watchers = append(r.watchers, watch)
}

// Detach has this attempt go on when the client leaves, so that OnAnswer sees an
// answer that would be lost otherwise. It ends with its time.
func (r *Request) Detach() { r.detached = true }

// answered calls the watchers, the last first, as defer does.
func (r *Request) answered(res *http.Response) (again bool) {
	for len(r.watchers) > 0 {
		last := len(r.watchers) - 1
		watch := r.watchers[last]
		r.watchers = r.watchers[:last]
		again = watch(res) || again
	}
	return again
}

// InsertBody inserts data into the body, for this attempt and those that follow.
// An error is a *Problem: there is no memory for it.
func (r *Request) InsertBody(at int, data []byte) error {
	x, old := r.exchange, r.Body.Bytes()
	size := len(old) + len(data)
	if x != nil {
		if err := x.reserve(int64(size)); err != nil {
			return err
		}
		defer x.giveBack(int64(len(old)))
	}
	body := make([]byte, 0, size)
	body = append(append(append(body, old[:at]...), data...), old[at:]...)
	r.Body, r.ContentLength = NewBody(body), int64(size)
	if x != nil {
		x.body, x.edited = r.Body, true
	}
	r.Set("Content-Length", strconv.Itoa(size))
	return nil
}

// bodyEdited reports whether the body is not the client's own any more.
func (r *Request) bodyEdited() bool { return r.exchange != nil && r.exchange.edited }

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
