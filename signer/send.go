package signer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// try signs the request and sends it once. again reports that it shall be
// signed and sent once more. Without an answer that is because the partner has
// turned it away without looking at it, or because the connection had been idle
// and died before the first byte of an answer, and repeating the call is safe;
// with an answer, because a step has asked for it.
func (x *Exchange) try(req *http.Request, r *Request, clock *clock) (_ *http.Response, again bool, _ error) {
	defer r.answered(nil) // whom no answer has reached
	ctx, cancel := context.WithCancelCause(req.Context())
	x.begin(cancel)
	held := r.Body != nil

	if err := x.sign(ctx, r); err != nil {
		err = unsigned(ctx, err)
		cancel(err)
		if !held {
			x.closeBody(req)
		}
		return nil, false, x.doubted(req, explain(req, err))
	}
	if r.detached {
		ctx, cancel = context.WithCancelCause(context.WithoutCancel(req.Context()))
		x.begin(cancel)
	}
	r.Record.Signed = true
	x.attempts++
	t := &sending{cancel: cancel}
	t.watch(x.partner)
	t.trace.Got1xxResponse = x.interim
	t.out = x.outgoing(httptrace.WithClientTrace(ctx, &t.trace), req, r)
	var stream *streamedBody
	if !held {
		stream = &streamedBody{body: req.Body, req: req, x: x, clock: clock}
		t.out.Body = stream
		x.setStream(stream)
	}
	sent := time.Now()
	res, err := r.base.RoundTrip(t.out)
	took := time.Since(sent)
	r.Record.Sending += took
	if r.Record.Skew = (Skew{}); err == nil {
		unquoteBody(res)
		r.Record.Skew = x.partner.dates.skew(r.Method, res.Header, x.partner.now(), took)
		again = r.answered(res) && held
	}
	clock.stop()
	cause := context.Cause(ctx)
	switch {
	case err == nil && cause != errTooSlow:
		x.answered = true
		return res, again, nil
	case err == nil: // the answer came when its time was over
		_ = res.Body.Close()
	}
	if cause != nil {
		err = cause
	}
	cancel(err)
	stream.stop()
	lost := cause == nil && t.reused.Load() && !t.firstByte.Load() && !isTimeout(err)
	again = held && (errors.Is(err, errResent) || lost && (isSafe(r.Method) || hasIdempotencyKey(r)))
	if t.unsent(err) {
		return nil, again, x.doubted(req, t.explain(req, err))
	}
	x.doubtful = true
	return nil, again, t.explain(req, err)
}

// outgoing is the request as it goes to the base transport. Everything that
// says where it goes comes from the upstream.
func (x *Exchange) outgoing(ctx context.Context, req *http.Request, r *Request) *http.Request {
	out := req.WithContext(ctx)
	out.Method = r.Method
	out.URL = &url.URL{
		Scheme:     r.Scheme,
		Host:       r.dial,
		Path:       req.URL.Path,
		RawPath:    req.URL.RawPath,
		RawQuery:   req.URL.RawQuery,
		ForceQuery: req.URL.ForceQuery,
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
	if r.Body.Len() > 0 {
		// The body is asked for again only to send the request again: by HTTP/1.1
		// when nothing was written or the method is safe, by HTTP/2 and HTTP/3
		// when the partner did not look at it.
		out.GetBody = func() (io.ReadCloser, error) { return nil, errResent }
	}
	return out
}

// hideIdempotencyKey spells the two headers by which net/http takes a request
// for one that it may send again on its own, without a new signature, in a way
// that it does not recognise. Header names have no letter case (RFC 9110
// section 5.1).
func hideIdempotencyKey(h http.Header) {
	for i, name := range idempotencyHeaders {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[hiddenHeaders[i]] = values
		}
	}
}

var (
	idempotencyHeaders = [2]string{"Idempotency-Key", "X-Idempotency-Key"}
	hiddenHeaders      = [2]string{"idempotency-key", "x-idempotency-key"}
)

// A sending watches one request on its way through net/http, which sends
// requests again by itself when a connection turns out to be dead: with the
// same nonce and the same signature. It must not.
type sending struct {
	out    *http.Request
	cancel context.CancelCauseFunc
	trace  httptrace.ClientTrace

	connecting  atomic.Bool // a connection was asked for, and is not there yet
	handshaking atomic.Bool // TLS of a new connection has begun
	multiplexed atomic.Bool // the request went to a connection of HTTP/2 or HTTP/3
	reused      atomic.Bool
	firstByte   atomic.Bool
}

func (t *sending) watch(p *Partner) {
	t.trace = httptrace.ClientTrace{
		GetConn: func(string) {
			t.connecting.Store(true)
			t.handshaking.Store(false)
		},
		// It runs on the goroutine that hands the request to its writer.
		GotConn: func(info httptrace.GotConnInfo) {
			if t.multiplexed.Load() && t.out.Body == http.NoBody {
				// HTTP/2 or HTTP/3 is about to send a request without a body
				// again that the partner has turned away. Both give up before
				// they write when the context is done.
				t.cancel(errResent)
			}
			t.connecting.Store(false)
			t.reused.Store(info.Reused)
			t.multiplexed.Store(p.h2c || isMultiplexed(info.Conn))
			// HTTP/1.1 sends a request without a body again unasked, so it gets
			// one that is empty and once-only.
			if info.Reused && isSafe(t.out.Method) && t.out.Body == http.NoBody && !t.multiplexed.Load() {
				t.out.Body = emptyBody{}
				t.out.TransferEncoding = []string{"identity"} // or net/http would look for its length
			}
		},
		GotFirstResponseByte: func() { t.firstByte.Store(true) },
	}
	if p.upstream.Scheme == "https" {
		t.trace.TLSHandshakeStart = func() { t.handshaking.Store(true) }
	}
}

func isMultiplexed(conn net.Conn) bool {
	if c, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return c.ConnectionState().NegotiatedProtocol == "h2"
	}
	addr := conn.LocalAddr()
	return addr != nil && addr.Network() == "udp"
}

// An emptyBody is nothing, but not http.NoBody.
type emptyBody struct{}

func (emptyBody) Read([]byte) (int, error) { return 0, io.EOF }
func (emptyBody) Close() error             { return nil }

// WriteTo keeps net/http from making a buffer of 32 KiB to copy it with.
func (emptyBody) WriteTo(io.Writer) (int64, error) { return 0, nil }
