package signer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An Exchange is one client request with all its attempts. It keeps what they
// share: the body, its digests and the idempotency key. It serves one
// goroutine at a time, but Close may be called from any.
type Exchange struct {
	partner      *Partner
	deadline     time.Time
	body         *Body // nil: not read
	key          string
	keyHeader    string // tells the client its key
	client       Client
	attempts     int
	retries      []int // done by each of the partner's, nil: none
	edited       bool  // the body
	renewed      bool  // sent again because a step asked for it
	doubtful     bool  // a try was sent that the partner may have carried out
	readDeadline func(time.Time) error
	leaveOpen    bool        // the client's body is not ours to close
	spent        atomic.Bool // the client's body was read and is not held

	mu       sync.Mutex
	closed   bool
	resting  *time.Timer             // between two attempts
	reserved int64                   // bytes of memory that the body takes
	cancel   context.CancelCauseFunc // of the last try
	stream   *streamedBody           // of the last try, if it has one
}

// Begin starts the exchange of one client request.
func (p *Partner) Begin() *Exchange {
	return &Exchange{partner: p, deadline: time.Now().Add(p.timeout)}
}

// SetReadDeadline gives the exchange a way to stop reading from a client that
// is slow to send its body, as http.ResponseController has one.
func (x *Exchange) SetReadDeadline(set func(time.Time) error) { x.readDeadline = set }

// SetClient says who has sent the request.
func (x *Exchange) SetClient(c Client) { x.client = c }

// LeaveBodyOpen is for servers, which close the bodies of their clients
// themselves. When one is closed before its end by somebody else, net/http may
// take the rest of it for the next request of the connection.
func (x *Exchange) LeaveBodyOpen() { x.leaveOpen = true }

// BodyTaken reports whether the client's body was read, or begun to be.
func (x *Exchange) BodyTaken() bool { return x.body.Len() > 0 || x.spent.Load() }

// SetBodyTaken tells that somebody else has read the client's body: a request
// that has one is refused, instead of being signed without it.
func (x *Exchange) SetBodyTaken() { x.spent.Store(true) }

// Close gives back the memory of the body and ends the answer, if it has not
// been read. Attempts that run fail, and more may not follow.
func (x *Exchange) Close() {
	x.release()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	if x.resting != nil {
		x.resting.Reset(0)
	}
	if x.cancel != nil {
		x.cancel(errClosed)
	}
	x.stream.stop()
}

func (x *Exchange) setStream(b *streamedBody) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stream = b
}

// begin ends the try before and remembers how to end this one.
func (x *Exchange) begin(cancel context.CancelCauseFunc) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cancel != nil {
		x.cancel(errClosed)
	}
	if x.cancel = cancel; x.closed {
		cancel(errClosed)
	}
}

// end ends the try that runs, if one does.
func (x *Exchange) end(cause error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cancel(cause)
}

// Format keeps what an exchange holds out of logs, whatever the verb.
func (x *Exchange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[exchange]") }

// RoundTrip is one attempt: it makes the request acceptable and sends it by
// base. What stops it is an answer, a *Problem as problem details. The only
// errors are the client's leaving and a connection that could not be made.
func (x *Exchange) RoundTrip(req *http.Request, base http.RoundTripper) (*http.Response, error) {
	begin := time.Now()
	record := &Record{Partner: x.partner.name, Method: method(req)}
	res, err := x.attempt(req, base, record)
	record.Outcome = outcomeOf(res, err)
	if err != nil && errors.As(err, &record.Problem) {
		res, err = record.Problem.Response(req, x.partner.name), nil
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

// attempt tries once, and again when the partner cannot have carried out the
// try before, when it may do so twice, or when a rule says so.
func (x *Exchange) attempt(req *http.Request, base http.RoundTripper, record *Record) (*http.Response, error) {
	r, err := x.prepare(req, record)
	if err != nil {
		return nil, explain(req, err)
	}
	r.base, r.dial = base, r.Authority
	if x.partner.dialHost {
		r.dial = req.URL.Host
	}
	for repeated := false; ; {
		res, again, err := x.try(req, r)
		switch {
		case again && err != nil && !repeated:
			repeated = true
		case err != nil:
			return nil, err
		case again && !x.renewed:
			x.renewed = true
			x.discard(res)
		default:
			pause, ok := x.pause(r, res)
			if !ok {
				return res, nil
			}
			x.doubtful = true
			x.discard(res)
			if err := x.rest(req.Context(), pause); err != nil {
				return nil, explain(req, err)
			}
		}
		r.Header = x.partner.strip.clone(req.Header)
	}
}

// prepare makes what a try starts with. A client may not take longer to send
// its body than the exchange has time, even if it is refused: closing the body
// that a server reads waits for what is left of it.
func (x *Exchange) prepare(req *http.Request, record *Record) (*Request, error) {
	if x.readDeadline != nil && req.Body != nil {
		_ = x.readDeadline(x.deadline) // a server without deadlines has its own time-outs
		defer func() { _ = x.readDeadline(time.Time{}) }()
	}
	r, err := x.admit(req, record)
	if err == nil {
		err = x.takeBody(req, r)
	}
	if err != nil {
		x.closeBody(req)
		return nil, err
	}
	return r, nil
}

// admit checks the request and starts the one that will go out.
func (x *Exchange) admit(req *http.Request, record *Record) (*Request, error) {
	p, u := x.partner, req.URL
	path := cmp.Or(u.EscapedPath(), "/")
	record.Path = path
	if problem := checkMethod(record.Method); problem != nil {
		return nil, problem
	}
	switch {
	case u.Opaque != "":
		return nil, InvalidRequest.Problem("the request target must be a path")
	case u.RawPath != "" && u.RawPath != path:
		return nil, InvalidRequest.Problem("the path holds a character that must be percent-encoded")
	case strings.ContainsFunc(u.RawQuery, func(r rune) bool { return r <= ' ' || r == '#' || r == 0x7f }):
		return nil, InvalidRequest.Problem("the query holds a character that must be percent-encoded")
	case len(req.Trailer) > 0:
		return nil, trailersRefused()
	case req.Header.Get("Early-Data") == "1" && !isSafe(record.Method):
		// Each replay would be signed afresh (RFC 8470 section 5.2).
		return nil, TooEarly.Problem("the request came in TLS early data, which can be replayed; send it again after the handshake")
	}
	if problem := p.rules.admit(record.Method, path); problem != nil {
		return nil, problem
	}
	return &Request{
		Method:    record.Method,
		Scheme:    p.upstream.Scheme,
		Authority: p.upstream.Authority,
		Path:      path,
		Query:     u.RawQuery,
		HasQuery:  u.RawQuery != "" || u.ForceQuery,
		Header:    p.strip.clone(req.Header),
		Client:    x.client,
		Deadline:  x.deadline,
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
		x.closeBody(req)
	case req.Body == nil || req.Body == http.NoBody:
		x.body = new(Body)
	case x.spent.Load() && x.attempts > 0:
		return PartnerFailed.Problem("%s", unknownWhether(req, "the body was streamed and cannot be sent a second time"))
	case x.spent.Load():
		return BodyUnusable.Problem("the body was read before and is not held, so it cannot be sent again")
	default:
		if r.ContentLength == 0 {
			r.ContentLength = -1 // as http.Request has it, for clients
		}
		if !x.partner.retried(r) && !slices.ContainsFunc(x.partner.steps, func(s Step) bool { return s.NeedsBody(r) }) {
			return nil
		}
		body, err := x.readBody(req, r.ContentLength)
		if err != nil {
			return err
		}
		x.closeBody(req)
		x.body = body
	}
	r.Body, r.ContentLength = x.body, int64(x.body.Len())
	return nil
}

// sign settles what is signed and runs the steps.
func (x *Exchange) sign(ctx context.Context, r *Request) error {
	if time.Until(x.deadline) <= 0 {
		return errTooSlow
	}
	r.Now = x.partner.now()
	r.Record.KeyIDs = r.Record.KeyIDs[:0]
	r.pin()
	x.partner.traced(r, nil)
	asked := false
	for _, step := range x.partner.steps {
		switch phase := step.Phase(); {
		case phase == PhaseChallenge:
			asked = true
		case asked: // which took its time
			r.Now, asked = x.partner.now(), false
		}
		if err := step.Apply(ctx, r); err != nil {
			return err
		}
		x.partner.traced(r, step)
	}
	return nil
}

func isSafe(method string) bool {
	return method == "GET" || method == "HEAD" || method == "OPTIONS"
}

func hasIdempotencyKey(r *Request) bool {
	return r.exchange.key != "" || slices.ContainsFunc(hiddenHeaders[:], func(name string) bool { return r.Header[name] != nil })
}

func method(req *http.Request) string { return cmp.Or(req.Method, http.MethodGet) }

func (x *Exchange) closeBody(req *http.Request) {
	if req.Body != nil && !x.leaveOpen {
		_ = req.Body.Close()
	}
}
