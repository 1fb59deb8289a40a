package signer

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
)

// Call asks the partner for something that the request needs first, such as a
// challenge. It is a request of its own, as JSON, to the same upstream over the
// same connections: with credentials, a digest and signatures made for it, and
// with nothing of the client's. It may not pass the client's rules, for the
// client does not choose it. Redirects are not followed and it is sent once.
//
// An error that is a *Problem says that the call cannot be made. Any other
// comes from the network.
func (r *Request) Call(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	x := r.exchange
	if err := x.reserve(int64(len(body))); err != nil {
		return nil, err
	}
	defer x.giveBack(int64(len(body)))
	call := &Request{
		Method:        method,
		Scheme:        r.Scheme,
		Authority:     r.Authority,
		Path:          path,
		Header:        http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}},
		Body:          NewBody(body),
		ContentLength: int64(len(body)),
		Client:        r.Client,
		Deadline:      r.Deadline,
		Now:           x.partner.now(),
		Rand:          r.Rand,
		Record:        &Record{Partner: r.Record.Partner, Method: method, Path: path},
		exchange:      &Exchange{partner: x.partner, deadline: x.deadline},
	}
	call.pin()
	x.partner.traced(call, nil)
	for _, step := range x.partner.steps {
		if !inCalls(step.Phase()) {
			continue
		}
		if err := step.Apply(ctx, call); err != nil {
			call.answered(nil)
			return nil, unsigned(ctx, err)
		}
		x.partner.traced(call, step)
	}
	out := (&http.Request{
		Method:        method,
		URL:           &url.URL{Scheme: r.Scheme, Host: r.dial, Path: path},
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Host:          r.Authority,
		Header:        call.Header,
		Body:          call.Body.reader(),
		ContentLength: call.ContentLength,
		GetBody:       func() (io.ReadCloser, error) { return nil, errResent },
	}).WithContext(untraced{ctx})
	hideIdempotencyKey(out.Header)
	res, err := r.base.RoundTrip(out)
	call.answered(res)
	return res, callError(err)
}

// inCalls reports whether steps of a phase belong to calls of our own, too. A
// challenge for a challenge would never end.
func inCalls(p Phase) bool {
	return p == PhaseCredentials || p == PhaseDigest || p == PhaseSignature
}

// callError makes a problem of what another try would not mend.
func callError(err error) error {
	if err != nil && isCertificate(err) {
		return PartnerUntrusted.Problem("TLS with the partner failed before anything was sent; the proxy's log says why").Because(err)
	}
	return err
}

// An untraced context hides who watches the client's request: a server would
// take the call's 1xx answers for that request's and send them to the client.
type untraced struct{ context.Context }

func (c untraced) Value(key any) any {
	value := c.Context.Value(key)
	if _, ok := value.(*httptrace.ClientTrace); ok {
		return nil
	}
	return value
}
