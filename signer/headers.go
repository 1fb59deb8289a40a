package signer

import (
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// strippedByDefault never reach a partner unless they are kept: what belongs
// to the client and its browser, what proxies on the way add, headers by which
// some servers let a client call another method or path than the rules have
// seen, and traces, which are nobody else's business: those of every propagator
// that OpenTelemetry has.
var strippedByDefault = []string{
	"Authorization", "Cookie", "Referer", "Origin",
	"X-Real-Ip", "Forwarded", "Via", "Early-Data", "Expect",
	"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url",
	"Traceparent", "Tracestate", "Baggage", "B3", "Uber-Trace-Id", "X-Amzn-Trace-Id",
}

// strippedPrefixes are families of such headers.
var strippedPrefixes = []string{"Sec-", "Proxy-", "X-Forwarded-", "X-B3-", "Uberctx-", "Ot-Tracer-", "Ot-Baggage-"}

// hopByHop headers belong to one connection (RFC 9110 section 7.6.1), and
// framing is written anew.
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Host",
}

// A stripper decides which of the client's headers go on.
type stripper struct {
	drop map[string]bool // by canonical name
	keep map[string]bool
}

func newStripper(steps []Step, keep []string) (*stripper, error) {
	s := &stripper{drop: map[string]bool{}, keep: map[string]bool{}}
	for _, names := range [][]string{strippedByDefault, hopByHop} {
		for _, name := range names {
			s.drop[name] = true
		}
	}
	for _, name := range keep {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if !slices.Contains(strippedByDefault, name) && !hasStrippedPrefix(name) || slices.Contains(hopByHop, name) {
			return nil, fmt.Errorf("client_headers keep: %s is not one of the headers that are stripped by default (%s, %s*)",
				name, strings.Join(strippedByDefault, ", "), strings.Join(strippedPrefixes, "*, "))
		}
		s.keep[name] = true
		delete(s.drop, name)
	}
	for _, step := range steps {
		for _, name := range step.Owns() {
			if name = textproto.CanonicalMIMEHeaderKey(name); !s.keep[name] {
				s.drop[name] = true
			}
		}
	}
	return s, nil
}

// clone copies the headers that go on, under their canonical names: a name in
// another letter case would pass by the steps and be sent beside theirs. The
// values are shared: steps replace them and never write into them.
func (s *stripper) clone(in http.Header) http.Header {
	out := make(http.Header, len(in)+8)
	for name, values := range in {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if s.drops(canonical) {
			continue
		}
		if canonical != name || out[canonical] != nil {
			values = slices.Concat(out[canonical], values)
		}
		out[canonical] = values
	}
	connection := in["Connection"]
	for _, value := range connection {
		for name := range strings.SplitSeq(value, ",") {
			delete(out, textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name)))
		}
	}
	if upgrade := in["Upgrade"]; len(upgrade) == 1 && strings.EqualFold(upgrade[0], "websocket") &&
		httpguts.HeaderValuesContainsToken(connection, "Upgrade") {
		// No other protocol: one that carries requests, such as h2c, would
		// carry them past the rules. A websocket's own headers begin with
		// Sec-WebSocket-, often spelled so: without them there is none.
		out["Upgrade"], out["Connection"] = upgrade, []string{"Upgrade"}
		for name, values := range in {
			if strings.HasPrefix(textproto.CanonicalMIMEHeaderKey(name), "Sec-Websocket-") {
				out[name] = values
			}
		}
	}
	if httpguts.HeaderValuesContainsToken(in["Te"], "trailers") {
		out["Te"] = []string{"trailers"} // the one use of TE that HTTP/2 knows, and gRPC needs
	}
	return out
}

// drops takes a canonical name.
func (s *stripper) drops(name string) bool {
	if s.drop[name] {
		return true
	}
	if strings.IndexByte(name, '_') >= 0 {
		// Servers that map names to variables take X_Real_Ip for X-Real-Ip.
		name = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
		if s.drop[name] || s.keep[name] {
			return true
		}
	}
	return hasStrippedPrefix(name) && !s.keep[name]
}

func hasStrippedPrefix(name string) bool {
	return slices.ContainsFunc(strippedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// A Value is a text that may change while a configuration lives, such as a
// secret in a file. It is asked for at every attempt.
type Value interface {
	Value(now time.Time) (string, error)
}

// A HeaderOp is what a Header step does.
type HeaderOp uint8

// What a Header step can do.
const (
	HeaderSet       HeaderOp = iota // set it, whatever the client sent
	HeaderSetAbsent                 // set it when the client did not
	HeaderRemove                    // remove it
)

// Header is the step that sets or removes one header.
type Header struct {
	Op    HeaderOp
	Name  string
	Value Value // nil for HeaderRemove
}

// NewHeader makes the step. Headers that frame or route the message cannot be
// set: they follow from the upstream and the body.
func NewHeader(op HeaderOp, name string, value Value) (*Header, error) {
	if !httpguts.ValidHeaderFieldName(name) {
		return nil, fmt.Errorf("%q is not a header name", name)
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	if slices.Contains(hopByHop, name) {
		return nil, fmt.Errorf("%s cannot be set or removed: it follows from the upstream and the body", name)
	}
	return &Header{op, name, value}, nil
}

// Phase implements Step.
func (h *Header) Phase() Phase { return PhaseCredentials }

// Owns implements Step.
func (h *Header) Owns() []string {
	if h.Op == HeaderSetAbsent {
		return nil
	}
	return []string{h.Name}
}

// NeedsBody implements Step.
func (h *Header) NeedsBody(*Request) bool { return false }

// Apply implements Step.
func (h *Header) Apply(_ context.Context, r *Request) error {
	if h.Op == HeaderRemove {
		if h.Name == "User-Agent" {
			r.Set(h.Name, "") // net/http sets its own otherwise
		} else {
			delete(r.Header, h.Name)
		}
		return nil
	}
	if h.Op == HeaderSetAbsent && r.Header[h.Name] != nil && !slices.Contains(r.defaults[:], h.Name) {
		return nil
	}
	value, err := h.Value.Value(r.Now)
	if err != nil {
		return CredentialUnavailable.Problem("the value of header %s is not available; the proxy's log says why", h.Name).Because(err)
	}
	r.Set(h.Name, value)
	return nil
}
