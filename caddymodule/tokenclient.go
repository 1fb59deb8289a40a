package caddymodule

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/partnersign/partnersign/signer"
)

// tokenTimeout is what a call for a token may take, with its answer.
const tokenTimeout = 10 * time.Second

// newTokenClient makes the calls for tokens. Those to the partner itself take
// its own connections, with all that is configured for them. Others take none
// of that: a client certificate or a trust pool is for the partner alone.
// Redirects are answers, for what is posted is a secret.
func (t *Transport) newTokenClient() *http.Client {
	return &http.Client{
		Transport:     tokenTransport{t},
		Timeout:       tokenTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// otherHosts are those that are no upstream, for all partners of the process.
var otherHosts = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.IdleConnTimeout = 2, 30*time.Second
	return t
}()

type tokenTransport struct{ partner *Transport }

func (tt tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t := tt.partner
	if to, err := signer.ParseUpstream(req.URL.Scheme + "://" + req.URL.Host); err == nil && to == t.upstream {
		res, err := roundTripToken(t.HTTPTransport, req)
		// Caddy's error hides from errors.As that it comes from the network.
		if dial, ok := errors.AsType[reverseproxy.DialError](err); ok {
			err = &net.OpError{Op: "dial", Err: dial}
		}
		return res, err
	}
	return roundTripToken(otherHosts, req)
}
