package signer

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// prepare makes what a try starts with. The client's body counts as arriving even
// if it is refused: closing a body that a server reads waits for what is left of it.
func (x *Exchange) prepare(req *http.Request, record *Record) (*Request, error) {
	x.setArriving(req.Body != nil && req.Body != http.NoBody && x.body == nil)
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
		needed := x.partner.retried(r) || slices.ContainsFunc(x.partner.steps, func(s Step) bool { return s.NeedsBody(r) })
		if !needed && !x.isSmall(r.ContentLength) {
			return nil
		}
		begin := time.Now()
		body, err := x.readBody(req, r.ContentLength)
		r.Record.Reading = time.Since(begin)
		switch {
		case err != nil && !needed && !x.spent.Load(): // there is no memory for it
			return nil
		case err != nil:
			return err
		}
		x.closeBody(req)
		x.body = body
	}
	r.Body, r.ContentLength = x.body, int64(x.body.Len())
	return nil
}

// isSmall reports whether a body of this length is held even if no step needs it: it is
// sent together with the headers, in one system call, and can be sent again.
func (x *Exchange) isSmall(length int64) bool {
	return 0 < length && length <= min(smallBody, x.partner.maxBody)
}

// sign settles what is signed and runs the steps.
func (x *Exchange) sign(ctx context.Context, r *Request) error {
	laps := laps{record: r.Record, deadline: x.deadline, left: time.Until(x.deadline)}
	if laps.left <= 0 {
		return errTooSlow
	}
	defer laps.end()
	r.Now = x.partner.now()
	r.Record.KeyIDs = r.Record.KeyIDs[:0]
	r.pin()
	x.partner.traced(r, nil)
	asked := false
	for _, step := range x.partner.steps {
		phase := step.Phase()
		laps.enter(phase)
		switch {
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
