package caddymodule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer"
)

// A visit is a client request's way through this module. It is kept among
// Caddy's vars, so that the attempts that reverse_proxy makes for one request
// find what they share.
type visit struct {
	guarded bool                    // with a guard there is a controller
	client  http.ResponseController // of the connection to the client
	err     error                   // of the last attempt: no connection, or the client has left

	mu        sync.Mutex
	left      bool
	exchanges []exchange // all of them: a body is taken once

	forwarding *forwarding // on the direct way, or nil
}

// An exchange belongs to one pass through one transport. All attempts of a
// pass share their URL, and no other pass does.
type exchange struct {
	*signer.Exchange
	transport *Transport
	url       *url.URL
}

// Format keeps what a visit holds out of logs, whatever the verb.
func (*visit) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[visit]") }

// visitVar is the name of the visit among the vars.
const visitVar = "partnersign.visit"

// enter begins a visit that the caller ends. It is nil where one has begun and
// not ended: within handle_response a request may come through once more.
func enter(w http.ResponseWriter, r *http.Request) *visit {
	v, ok := caddyhttp.GetVar(r.Context(), visitVar).(*visit)
	if ok && !v.resume() {
		return nil
	}
	if !ok {
		v = new(visit)
		caddyhttp.SetVar(r.Context(), visitVar, v)
	}
	v.guarded, v.client = true, *http.NewResponseController(w)
	return v
}

// visitOf finds the visit that req belongs to, or begins one that ends with
// the request.
func visitOf(req *http.Request) *visit {
	ctx := req.Context()
	v, ok := caddyhttp.GetVar(ctx, visitVar).(*visit)
	if ok && !v.resume() {
		return v
	}
	if !ok {
		v = new(visit)
		caddyhttp.SetVar(ctx, visitVar, v)
	}
	context.AfterFunc(ctx, v.leave)
	return v
}

// resume goes on with a visit that has ended, and reports whether it had: the
// site's handle_errors may send the request to another partner.
func (v *visit) resume() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	had := v.left
	v.left = false
	return had
}

// exchange finds the exchange of this pass, or begins it.
func (v *visit) exchange(t *Transport, req *http.Request) *signer.Exchange {
	for i := range v.exchanges {
		if x := &v.exchanges[i]; x.transport == t && x.url == req.URL {
			return x.Exchange
		}
	}
	x := t.partner.Begin()
	x.SetClient(clientOf(req))
	x.LeaveBodyOpen()
	if v.forwarding != nil && req.URL == &v.forwarding.url {
		x.OnInterim(v.forwarding.interim.pass)
	}
	for _, earlier := range v.exchanges {
		x.Follow(earlier.Exchange)
	}
	if v.guarded && req.Body != nil {
		x.SetReadDeadline(v.client.SetReadDeadline)
	}
	v.add(exchange{x, t, req.URL})
	return x
}

// add keeps x until the visit ends, which it may have: the client has left.
func (v *visit) add(x exchange) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.exchanges = append(v.exchanges, x)
	if v.left {
		x.Close()
	}
}

// clientOf is who has sent the request: by its certificate, if it had to show
// one, and by the address that Caddy trusts.
func clientOf(req *http.Request) (c signer.Client) {
	if address, ok := caddyhttp.GetVar(req.Context(), caddyhttp.ClientIPVarKey).(string); ok {
		c.Addr, _ = netip.ParseAddr(address)
	}
	connection := req.TLS
	if t := tunnelOf(req.Context()); t != nil { // inside it nobody shows a certificate
		connection = t.outer.TLS
	}
	if connection != nil && len(connection.VerifiedChains) > 0 {
		sum := sha256.Sum256(connection.PeerCertificates[0].Raw)
		c.Identity = hex.EncodeToString(sum[:])
	}
	return c
}

// doubted is what the client is told whose last attempt was not sent.
func (v *visit) doubted(r *http.Request, problem *signer.Problem) *signer.Problem {
	if v == nil {
		return problem
	}
	for _, x := range v.exchanges {
		problem = x.Doubted(r, problem)
	}
	return problem
}

// leave gives back what the exchanges hold.
func (v *visit) leave() {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.left = true
	for _, x := range v.exchanges {
		x.Close()
	}
}
