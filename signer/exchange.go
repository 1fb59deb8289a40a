package signer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// An Exchange is one client request with all its attempts. It keeps what they
// share: the body, its digests and the idempotency key. It serves one
// goroutine at a time.
type Exchange struct {
	partner      *Partner
	deadline     time.Time
	body         *Body // nil: not read
	key          string
	keyHeader    string // tells the client its key
	attempts     int
	reserved     atomic.Int64 // bytes of memory that the body takes
	readDeadline func(time.Time) error
	cancel       context.CancelCauseFunc // of the last try
}

// Begin starts the exchange of one client request.
func (p *Partner) Begin() *Exchange {
	return &Exchange{partner: p, deadline: time.Now().Add(p.timeout)}
}

// SetReadDeadline gives the exchange a way to stop reading from a client that
// is slow to send its body, as http.ResponseController has one.
func (x *Exchange) SetReadDeadline(set func(time.Time) error) { x.readDeadline = set }

// Close gives back the memory of the body and ends the answer, if it has not
// been read. Attempts may not follow.
func (x *Exchange) Close() {
	x.partner.memory.release(x.reserved.Swap(0))
	if x.cancel != nil {
		x.cancel(context.Canceled)
	}
}

// Format keeps what an exchange holds out of logs, whatever the verb.
func (x *Exchange) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[exchange]")) }

var (
	errClientLeft = errors.New("the client left")
	errTooSlow    = errors.New("the partner did not answer in time")
)

// RoundTrip is one attempt: it makes the request acceptable and sends it by
// base. What stops it is an answer, a *Problem as problem details. The only
// errors are the client's leaving and a connection that could not be made.
func (x *Exchange) RoundTrip(req *http.Request, base http.RoundTripper) (*http.Response, error) {
	begin := time.Now()
	record := &Record{Partner: x.partner.name, Method: req.Method}
	res, err := x.attempt(req, base, record)
	record.Outcome = outcomeOf(res, err)
	var problem *Problem
	if errors.As(err, &problem) {
		res, err = problem.Response(req, x.partner.name), nil
		record.Problem = problem
	}
	if res != nil {
		record.Status = res.StatusCode
		res.Request = req // and not ours, which holds credentials
		if x.keyHeader != "" && res.Header[x.keyHeader] == nil {
			res.Header[x.keyHeader] = []string{x.key}
		}
	}
	record.Attempts, record.Duration = x.attempts, time.Since(begin)
	x.partner.observe(record)
	return res, err
}

// attempt tries once, and once more when a connection that had been idle turns
// out to be dead.
func (x *Exchange) attempt(req *http.Request, base http.RoundTripper, record *Record) (*http.Response, error) {
	r, err := x.admit(req, record)
	if err == nil {
		err = x.takeBody(req, r)
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, explain(req, err)
	}
	res, stale, err := x.try(req, r, base)
	if stale && mayResend(r) {
		r.Header = x.partner.strip.clone(req.Header)
		res, _, err = x.try(req, r, base)
	}
	if err != nil {
		return nil, explain(req, err)
	}
	return res, nil
}

// admit checks the request and starts the one that will go out.
func (x *Exchange) admit(req *http.Request, record *Record) (*Request, error) {
	p, u := x.partner, req.URL
	path := cmp.Or(u.EscapedPath(), "/")
	record.Path = path
	method := cmp.Or(req.Method, http.MethodGet)
	switch {
	case method == http.MethodConnect:
		return nil, InvalidRequest.Problem("CONNECT cannot be forwarded to a partner")
	case u.Opaque != "":
		return nil, InvalidRequest.Problem("the request target must be a path")
	case u.RawPath != "" && u.RawPath != path:
		return nil, InvalidRequest.Problem("the path holds a character that must be percent-encoded")
	case strings.ContainsFunc(u.RawQuery, func(r rune) bool { return r <= ' ' || r == '#' || r == 0x7f }):
		return nil, InvalidRequest.Problem("the query holds a character that must be percent-encoded")
	case len(req.Trailer) > 0:
		return nil, trailersRefused()
	}
	if problem := p.rules.admit(method, path); problem != nil {
		return nil, problem
	}
	return &Request{
		Method:    method,
		Scheme:    p.upstream.Scheme,
		Authority: p.upstream.Authority,
		Path:      path,
		Query:     u.RawQuery,
		HasQuery:  u.RawQuery != "" || u.ForceQuery,
		Header:    p.strip.clone(req.Header),
		Rand:      p.rand,
		Record:    record,
		exchange:  x,
	}, nil
}

// takeBody reads the body if a step needs it and has not got it yet.
func (x *Exchange) takeBody(req *http.Request, r *Request) error {
	r.ContentLength = req.ContentLength
	switch {
	case x.body != nil:
	case req.Body == nil || req.Body == http.NoBody:
		x.body = new(Body)
	default:
		if r.ContentLength == 0 {
			r.ContentLength = -1 // as http.Request has it, for clients
		}
		if !slices.ContainsFunc(x.partner.steps, func(s Step) bool { return s.NeedsBody(r) }) {
			return nil
		}
		body, err := x.readBody(req, r.ContentLength)
		if err == nil && len(req.Trailer) > 0 {
			err = trailersRefused()
		}
		if err != nil {
			x.partner.memory.release(x.reserved.Swap(0))
			return err
		}
		_ = req.Body.Close()
		x.body = body
	}
	r.Body, r.ContentLength = x.body, int64(x.body.Len())
	return nil
}

// sign settles what is signed and runs the steps.
func (x *Exchange) sign(ctx context.Context, r *Request) error {
	r.Now = x.partner.now()
	r.Record.KeyIDs = r.Record.KeyIDs[:0]
	r.pin()
	for _, step := range x.partner.steps {
		if err := step.Apply(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// pin settles the headers that lower layers would add on their own, so that
// what is signed is what is sent.
func (r *Request) pin() {
	if ua := r.Header["User-Agent"]; len(ua) != 1 || ua[0] == "" {
		r.Header["User-Agent"] = []string{defaultUserAgent}
		r.defaultUserAgent = true
	}
	if r.Header["Accept-Encoding"] == nil {
		r.Header["Accept-Encoding"] = []string{"identity"}
	}
	// As net/http writes it, on every version of HTTP.
	switch {
	case r.ContentLength > 0, r.ContentLength == 0 && (r.Method == "POST" || r.Method == "PUT" || r.Method == "PATCH"):
		r.Header["Content-Length"] = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
}

// defaultUserAgent is sent for clients that send none: many partners refuse
// requests without.
const defaultUserAgent = "partnersign"

// mayResend reports whether a request that a dead connection may have taken
// with it can be sent again.
func mayResend(r *Request) bool {
	return r.Body != nil && (isSafe(r.Method) || hasIdempotencyKey(r))
}

func isSafe(method string) bool {
	return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE"
}

func hasIdempotencyKey(r *Request) bool {
	return r.exchange.key != "" || r.Header["idempotency-key"] != nil || r.Header["x-idempotency-key"] != nil
}

// explain says what stopped a request: a *Problem, or one of the two errors
// that callers must see as such.
func explain(req *http.Request, err error) error {
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return problem
	case req.Context().Err() != nil:
		return fmt.Errorf("%w: %w", errClientLeft, req.Context().Err())
	case errors.Is(err, errTooSlow):
		return TooSlow.Problem("%s", unknownWhether(req, "the partner did not answer in time"))
	case isDial(err):
		return err
	case isTLS(err):
		return PartnerUntrusted.Problem("TLS with the partner failed before anything was sent; the proxy's log says why").Because(err)
	}
	return PartnerFailed.Problem("%s", unknownWhether(req, "the connection ended before the partner answered")).Because(err)
}

// unknownWhether adds what the caller of a write must know.
func unknownWhether(req *http.Request, what string) string {
	if isSafe(cmp.Or(req.Method, http.MethodGet)) {
		return what + "; try again"
	}
	return what + "; whether it carried out the call is not known: ask it, or repeat the call with the same idempotency key"
}
