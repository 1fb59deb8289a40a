package signer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
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
	last         *Record // of the attempt that was last over
	retries      []int   // done by each of the partner's, nil: none
	edited       bool    // the body
	renewed      bool    // sent again because a step asked for it
	doubtful     bool    // a try was sent that the partner may have carried out
	answered     bool    // by the partner, at least once
	readDeadline func(time.Time) error
	interim      func(int, textproto.MIMEHeader) error
	leaveOpen    bool        // the client's body is not ours to close
	spent        atomic.Bool // the client's body was read and is not held

	mu       sync.Mutex
	closed   bool
	running  bool                    // an attempt
	late     bool                    // the time is over
	arriving bool                    // the client's body is, and nobody has it whole
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

// OnInterim has answers of 1xx passed on, as Got1xxResponse of
// [net/http/httptrace.ClientTrace] is told them.
func (x *Exchange) OnInterim(pass func(status int, header textproto.MIMEHeader) error) {
	x.interim = pass
}

// Last tells what became of the attempt that was last over. Nil: none was.
func (x *Exchange) Last() *Record { return x.last }

// Format keeps what an exchange holds out of logs, whatever the verb.
func (x *Exchange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[exchange]") }

// RoundTrip is one attempt: it makes the request acceptable and sends it by
// base. What stops it is an answer, a *Problem as problem details. The only
// errors are the client's leaving and a connection that could not be made.
func (x *Exchange) RoundTrip(req *http.Request, base http.RoundTripper) (*http.Response, error) {
	x.setRunning(true)
	defer x.setRunning(false)
	begin, before := time.Now(), x.attempts
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
	record.Attempts, record.Sent, record.Duration = x.attempts, x.attempts-before, time.Since(begin)
	x.partner.observe(record)
	x.last = record
	return res, err
}

// attempt tries once, and again when the partner cannot have carried out the
// try before, when it may do so twice, or when a rule says so.
func (x *Exchange) attempt(req *http.Request, base http.RoundTripper, record *Record) (*http.Response, error) {
	clock := &clock{over: x.tooSlow}
	clock.start(time.Until(x.deadline))
	defer clock.stop()
	r, err := x.prepare(req, record)
	if err != nil {
		return nil, explain(req, err)
	}
	r.base, r.dial = base, r.Authority
	if x.partner.dialHost {
		r.dial = req.URL.Host
	}
	for repeated := false; ; {
		res, again, err := x.try(req, r, clock)
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
		clock.start(time.Until(x.deadline))
	}
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
