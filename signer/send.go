package signer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// try signs the request and sends it once. stale reports that it went to a
// connection that had been idle and died before the first byte of an answer.
func (x *Exchange) try(req *http.Request, r *Request, base http.RoundTripper) (_ *http.Response, stale bool, _ error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	x.cancel = cancel
	var answered atomic.Bool
	timer := time.AfterFunc(time.Until(x.deadline), func() {
		if !answered.Load() {
			cancel(errTooSlow)
		}
	})
	defer timer.Stop()

	if err := x.sign(ctx, r); err != nil {
		err = signingProblem(ctx, err)
		cancel(err)
		if r.Body == nil {
			_ = req.Body.Close()
		}
		return nil, false, err
	}
	r.Record.Signed = true
	x.attempts++
	t := &sending{cancel: cancel}
	t.out = x.outgoing(httptrace.WithClientTrace(ctx, t.trace()), req, r)
	if r.Body == nil {
		t.out.Body = &streamedBody{req.Body, req, func() {
			if answered.Load() {
				return
			}
			timer.Reset(x.partner.timeout)
			if x.readDeadline != nil {
				_ = x.readDeadline(time.Now().Add(x.partner.timeout))
			}
		}}
	}
	res, err := base.RoundTrip(t.out)
	answered.Store(true)
	if err == nil {
		return res, false, nil
	}
	cause := context.Cause(ctx)
	cancel(err)
	if cause != nil && cause != errResent {
		return nil, false, cause
	}
	return nil, t.reused.Load() && !t.firstByte.Load(), err
}

// signingProblem is what stops a request that could not be signed.
func signingProblem(ctx context.Context, err error) error {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return SigningFailed.Problem("the request was not sent because it could not be signed; the proxy's log says why").Because(err)
}

// outgoing is the request as it goes to the base transport. Everything that
// says where it goes comes from the upstream.
func (x *Exchange) outgoing(ctx context.Context, req *http.Request, r *Request) *http.Request {
	out := req.WithContext(ctx)
	out.Method = r.Method
	out.URL = &url.URL{
		Scheme:     r.Scheme,
		Host:       r.Authority,
		Path:       req.URL.Path,
		RawPath:    req.URL.RawPath,
		RawQuery:   req.URL.RawQuery,
		ForceQuery: req.URL.ForceQuery,
	}
	if x.partner.dialHost {
		out.URL.Host = req.URL.Host
	}
	out.Host = r.Authority
	out.Header = r.Header
	hideIdempotencyKey(out.Header)
	out.GetBody, out.TransferEncoding, out.Trailer = nil, nil, nil
	out.Close = false
	out.ContentLength = r.ContentLength
	if r.Body != nil {
		out.Body = r.Body.reader()
	}
	return out
}

// hideIdempotencyKey spells the two headers by which net/http takes a request
// for one that it may send again on its own, without a new signature, in a way
// that it does not recognise. Header names have no letter case (RFC 9110
// section 5.1).
func hideIdempotencyKey(h http.Header) {
	respell(h, "Idempotency-Key", "idempotency-key")
	respell(h, "X-Idempotency-Key", "x-idempotency-key")
}

func respell(h http.Header, from, to string) {
	if values, ok := h[from]; ok {
		delete(h, from)
		h[to] = values
	}
}

// A sending watches one request on its way through net/http, which sends requests
// again by itself when a connection turns out to be dead: with the same nonce
// and the same signature. It must not.
type sending struct {
	out       *http.Request
	cancel    context.CancelCauseFunc
	http2     atomic.Bool
	reused    atomic.Bool
	wrote     atomic.Bool // on an HTTP/2 connection
	firstByte atomic.Bool
}

var errResent = errors.New("the request was about to be sent again with the same signature")

func (t *sending) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		// HTTP/2 looks for another connection after a refused stream, and
		// gives up before it writes when the context is done.
		GetConn: func(string) {
			if t.wrote.Load() {
				t.cancel(errResent)
			}
		},
		// HTTP/1.1 sends a request again only when it has no body or can be
		// given it a second time, so it gets one that is empty and once-only.
		// It runs on the goroutine that will write the request.
		GotConn: func(info httptrace.GotConnInfo) {
			t.reused.Store(info.Reused)
			t.http2.Store(isHTTP2(info.Conn))
			if info.Reused && isSafe(t.out.Method) && t.out.Body == http.NoBody && !t.http2.Load() {
				t.out.Body = emptyBody{}
				t.out.TransferEncoding = []string{"identity"} // or net/http would look for its length
			}
		},
		WroteHeaders:         func() { t.wrote.Store(t.http2.Load()) },
		GotFirstResponseByte: func() { t.firstByte.Store(true) },
	}
}

func isHTTP2(conn net.Conn) bool {
	c, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok && c.ConnectionState().NegotiatedProtocol == "h2"
}

// An emptyBody is nothing, but not http.NoBody.
type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }

// isDial reports whether err says that no connection could be made.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// isTLS reports whether err says that a handshake failed.
func isTLS(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		hostname     x509.HostnameError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
		alert        tls.AlertError
		record       tls.RecordHeaderError
	)
	return errors.As(err, &verification) || errors.As(err, &hostname) || errors.As(err, &authority) ||
		errors.As(err, &invalid) || errors.As(err, &alert) || errors.As(err, &record)
}
