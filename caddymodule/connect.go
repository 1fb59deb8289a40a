package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddypki"

	"github.com/partnersign/partnersign/signer"
)

func init() { caddy.RegisterModule(new(Connect)) }

// Connect is the proxy of applications that keep https:// URLs and set
// HTTPS_PROXY. For partners it ends TLS, with a certificate of Caddy's own CA,
// and hands each request in the tunnel to the site, as if it had come over TLS
// under the partner's name. Other hosts are refused, or their bytes are passed
// on untouched. Of requests in absolute form, which HTTP_PROXY makes, it lets
// those for partners pass.
type Connect struct {
	// The partners: `host:port` or `host`, which is port 443.
	Partners []string `json:"partners,omitempty"`

	// Where tunnels lead that are passed on untouched: `host:port`, `host`,
	// which is port 443, `*.example.org` for the names below, or `any` for port
	// 443 of every public address. Names lead to no loopback or link-local
	// address but by being localhost, or the address itself. Default: nowhere.
	Tunnels []string `json:"tunnels,omitempty"`

	// What callers must present in Proxy-Authorization. Requests in a tunnel
	// need not present it again. Default: nothing.
	ClientAuth *ClientAuth `json:"client_auth,omitempty"`

	// Accepts whoever reaches a listener that is open to the network, where
	// something else keeps the wrong callers away.
	UnsafeListen bool `json:"unsafe_listen,omitempty"`

	// The CA of the pki app that certificates are from. Default: `local`.
	CA string `json:"ca,omitempty"`

	report       *reporter
	guard        *Guard
	partners     map[string]bool // by host:port
	hosts        map[string]bool // of partners, without ports
	tunnels      destinations
	certificates *certificates
	inside       *tunnelServer
}

// The answers to those who ask for a way to somewhere else.
var (
	DestinationRefused     = signer.Kind{Name: "destination-refused", Status: 403, Title: "The proxy does not lead there", ProxyError: "http_request_denied"}
	DestinationUnreachable = signer.Kind{Name: "destination-unreachable", Status: 502, Title: "The tunnel's end cannot be reached", ProxyError: "destination_unavailable"}
)

// CaddyModule returns the Caddy module information.
func (*Connect) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.partnersign_connect", New: func() caddy.Module { return new(Connect) }}
}

// Provision opens the secret and finds the CA.
func (c *Connect) Provision(ctx caddy.Context) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	c.report = newReporter(ctx)
	c.guard = &Guard{ClientAuth: c.ClientAuth, UnsafeListen: c.UnsafeListen}
	if err := c.guard.Provision(ctx); err != nil {
		return err
	}
	c.partners, c.hosts = map[string]bool{}, map[string]bool{}
	for _, partner := range c.Partners {
		upstream, _ := signer.ParseUpstream("https://" + partner)
		c.partners[upstream.DialAddress()], c.hosts[upstream.Hostname()] = true, true
	}
	if len(c.Partners) > 0 {
		if c.certificates, err = newCertificates(ctx, cmp.Or(c.CA, caddypki.DefaultCAID)); err != nil {
			return err
		}
	}
	c.tunnels, _ = parseDestinations(c.Tunnels)
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("partnersign_connect is a handler of an HTTP server's routes")
	}
	c.inside = newTunnelServer(c, server)
	server.RegisterOnStop(c.inside.stop)
	return nil
}

// check says what is wrong with c in itself.
func (c *Connect) check() error {
	for _, partner := range c.Partners {
		if _, err := signer.ParseUpstream("https://" + partner); err != nil {
			return errors.New("partners: expected host:port, such as api.partner.example or api.partner.example:8443")
		}
	}
	if _, err := parseDestinations(c.Tunnels); err != nil {
		return err
	}
	if c.ClientAuth != nil && c.ClientAuth.header() != "Proxy-Authorization" {
		return errors.New("client_auth: clients of a proxy send Proxy-Authorization and no other header")
	}
	return (&Guard{ClientAuth: c.ClientAuth}).check()
}

// ServeHTTP answers CONNECT, refuses requests for others, and lets the rest
// pass.
func (c *Connect) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if tunnelOf(r.Context()) != nil { // which was let in with its CONNECT
		return next.ServeHTTP(w, r)
	}
	if problem := c.guard.admitClient(r); problem != nil {
		return c.refuse(w, r, asProxy(w, problem))
	}
	if r.Method == http.MethodConnect {
		return c.connect(w, r)
	}
	if problem := c.admitAbsolute(r); problem != nil {
		return c.refuse(w, r, problem)
	}
	return next.ServeHTTP(w, r)
}

// admitAbsolute admits requests in absolute form (RFC 9112 section 3.2.2) for
// partners. By then Host is the host of their target, whatever the header said.
func (c *Connect) admitAbsolute(r *http.Request) *signer.Problem {
	u := r.URL
	switch {
	case u.Host == "" && u.Scheme == "":
		return nil
	case u.Host == "", u.Scheme != "http" && u.Scheme != "https", u.User != nil:
		return signer.InvalidRequest.Problem("the request target must be an http:// URL with a host and without a user")
	case !c.hosts[hostOf(r.Host)]:
		return DestinationRefused.Problem("this host is none of the partners'; other hosts are reached with CONNECT alone, where a tunnel line has them")
	}
	return nil
}

func (c *Connect) refuse(w http.ResponseWriter, r *http.Request, problem *signer.Problem) error {
	c.report.problem(&signer.Record{Method: r.Method, Path: cmp.Or(r.URL.EscapedPath(), r.Host), Problem: problem})
	problem.Write(w, "")
	return nil
}

// asProxy makes a challenge that of a proxy: many clients send what they have
// to present only after it (RFC 9110 section 15.5.8).
func asProxy(w http.ResponseWriter, problem *signer.Problem) *signer.Problem {
	if problem.Status == http.StatusUnauthorized {
		problem.Status = http.StatusProxyAuthRequired
		w.Header().Set("Proxy-Authenticate", fmt.Sprintf("Basic realm=%q", "partnersign"))
	}
	return problem
}

var (
	_ caddy.Provisioner           = (*Connect)(nil)
	_ caddyhttp.MiddlewareHandler = (*Connect)(nil)
	_ caddyfile.Unmarshaler       = (*Connect)(nil)
)
