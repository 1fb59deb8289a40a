package caddymodule

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

func init() { caddy.RegisterModule(new(Transport)) }

// Transport sends requests to one partner, each with the credentials, digests
// and signatures that the partner asks for. Beside its own fields it has those
// of Caddy's HTTP transport, which it sends them with.
type Transport struct {
	config.Config
	*reverseproxy.HTTPTransport

	partner  *signer.Partner
	base     http.RoundTripper // what sends: the HTTPTransport
	upstream signer.Upstream
	direct   *direct // past the reverse_proxy around it, or nil
	unproven bool    // TLS does not prove who is dialled, so it must be this machine
}

// CaddyModule returns the Caddy module information.
func (*Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.partnersign",
		New: func() caddy.Module { return &Transport{HTTPTransport: new(reverseproxy.HTTPTransport)} },
	}
}

// Provision opens secrets and keys. It does nothing on the network, for
// `caddy validate` provisions, too.
func (t *Transport) Provision(ctx caddy.Context) error {
	app, err := ctx.App("partnersign")
	if err != nil {
		return err
	}
	if err := app.(*App).checkListeners(ctx); err != nil {
		return together(ctx, "", err)
	}
	return together(ctx, t.partnerName(), t.provision(ctx, app.(*App)))
}

func (t *Transport) provision(ctx caddy.Context, app *App) error {
	report := newReporter(ctx)
	clock := newClockReporter(report.log, t.partnerName(), time.Duration(t.ClockSkewWarning))
	watched := app.status.watch(t)
	metrics := newPartnerMetrics(t.partnerName())
	gauges.retain(t.partnerName(), t)
	runtime := config.Runtime{
		Loader: keys.Loader{Reloaded: func(source string, err error) {
			report.reloaded(t.partnerName(), source, err)
			gauges.keys(t.partnerName(), t, watched.inventory.Keys)
		}},
		Memory:   bodyMemory,
		DialHost: true,
		H2C:      slices.Contains(t.Versions, "h2c"),
		Audit:    report.audited(),
		Observe: func(rec *signer.Record) {
			metrics.observe(rec)
			report.observe(rec)
			clock.observe(rec)
			watched.observe(rec)
		},
		Inventory: &watched.inventory,
		Tokens:    app.tokens,
		Captured: func(e capture.Event) {
			report.captured(t.partnerName(), e)
			app.status.captured(e)
		},
		TokenClient: t.newTokenClient(),
		TokenWatch: config.TokenWatch{
			Source:  func(e token.Event) { report.token(t.partnerName(), e) },
			Context: tracedContext,
			Expiry:  func(expiry time.Time) { gauges.jwt(t.partnerName(), t, expiry) },
			Expires: func(left time.Duration) { report.expires(t.partnerName(), left) },
		},
	}
	t.base = t.HTTPTransport
	if explaining != nil {
		t.base, runtime = explaining, explaining.Runtime(runtime)
	}
	partner, err := config.Build(t.Config, runtime)
	if err != nil {
		return err
	}
	t.partner, t.upstream = partner, partner.Upstream()
	gauges.keys(partner.Name(), t, watched.inventory.Keys)
	gauges.sources(partner.Name(), t, watched.inventory.Tokens)
	app.readiness.ask(partner.Name(), func(context.Context) []error { return partner.Ready() })
	if err := t.checkConnection(t.upstream); err != nil {
		return err
	}
	t.unproven = t.upstream.Scheme == "http" ||
		t.TLS != nil && (t.TLS.InsecureSkipVerify || t.TLS.ServerName != "" && !strings.EqualFold(t.TLS.ServerName, t.upstream.Hostname()))
	t.secureConnection()
	if explaining != nil { // nothing is connected
		return nil
	}
	if err := t.HTTPTransport.Provision(ctx); err != nil {
		return err
	}
	if t.Resolver != nil {
		t.HTTPTransport.Transport.DialContext = t.resolvePastHosts(t.HTTPTransport.Transport.DialContext)
	}
	refuseLoops(t.HTTPTransport.Transport)
	t.direct = t.wayPast(ctx)
	return nil
}

// Cleanup implements caddy.CleanerUpper. It follows a Provision that has failed,
// too.
func (t *Transport) Cleanup() error {
	gauges.release(t.partnerName(), t)
	return t.HTTPTransport.Cleanup()
}

// partnerName also works before the partner is made, and for one that is not.
func (t *Transport) partnerName() string {
	if t.partner != nil {
		return t.partner.Name()
	}
	upstream, _ := signer.ParseUpstream(t.Upstream)
	return cmp.Or(t.Name, upstream.Hostname())
}

// checkConnection refuses settings that would send something else than what was
// signed, or send it to somebody else.
func (t *Transport) checkConnection(upstream signer.Upstream) error {
	if t.Compression != nil && *t.Compression {
		return errors.New("compression cannot be on: what was signed must be what is sent")
	}
	if upstream.Scheme == "http" {
		switch {
		case t.TLS != nil:
			return fmt.Errorf("the upstream %s is without TLS, and TLS is configured: write https://", upstream)
		case t.ForwardProxyURL != "" || !isDirect(t.NetworkProxyRaw):
			return errors.New("a forward proxy would see the credentials of an upstream without TLS: use https://")
		}
		return nil
	}
	if t.TLS == nil || signer.IsLoopback(upstream.Hostname()) {
		return nil
	}
	switch {
	case t.TLS.InsecureSkipVerify:
		return errors.New("tls_insecure_skip_verify would hand the credentials to whoever answers: give the partner's CA with tls_trust_pool")
	case len(t.TLS.ExceptPorts) > 0:
		return errors.New("tls_except_ports would send the credentials unprotected: remove it")
	case t.TLS.ServerName != "" && !strings.EqualFold(t.TLS.ServerName, upstream.Hostname()):
		return fmt.Errorf("tls_server_name must be the upstream's own name, %s: the certificate proves who gets the credentials", upstream.Hostname())
	}
	return nil
}

// isDirect reports whether there is no forward proxy, or "none" on purpose.
func isDirect(proxy json.RawMessage) bool {
	var module struct {
		From string `json:"from"`
	}
	return proxy == nil || json.Unmarshal(proxy, &module) == nil && module.From == "none"
}

// secureConnection makes TLS prove the upstream's name, whatever address is
// dialled. Without TLS it keeps HTTP_PROXY out of it.
func (t *Transport) secureConnection() {
	compression := false // or Go asks for gzip on its own and unpacks it
	t.Compression = &compression
	if t.upstream.Scheme == "http" {
		t.NetworkProxyRaw = json.RawMessage(`{"from":"none"}`)
		return
	}
	if t.TLS == nil {
		t.TLS = new(reverseproxy.TLSConfig)
	}
	if t.TLS.ServerName == "" {
		t.TLS.ServerName = t.upstream.Hostname()
	}
}

// RequestHeaderOps implements reverseproxy.RequestHeaderOpsTransport: Host
// comes from the upstream, so reverse_proxy need not set it.
func (*Transport) RequestHeaderOps() *headers.HeaderOps { return nil }

// RoundTrip implements http.RoundTripper: one attempt, of maybe several that
// reverse_proxy makes for one client request.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.unproven && !staysHere(req) {
		problem := signer.PartnerUntrusted.Problem("no certificate proves the upstream's name, and the address to dial is not on this machine: use https:// with a certificate that is verified")
		return problem.Response(req, t.partner.Name()), nil
	}
	if req.Context().Value(caddyhttp.VarsCtxKey) == nil {
		return t.partner.Transport(t.base).RoundTrip(req)
	}
	v := visitOf(req)
	res, err := t.attempt(v.exchange(t, req), req)
	v.err = err
	return res, err
}

// staysHere reports whether the address that Caddy chose is on this machine.
func staysHere(req *http.Request) bool {
	host := req.URL.Hostname()
	if info, ok := reverseproxy.GetDialInfo(req.Context()); ok {
		if caddy.IsUnixNetwork(info.Network) {
			return true
		}
		var err error
		if host, _, err = net.SplitHostPort(info.Address); err != nil {
			return false
		}
	}
	return signer.IsLoopback(host)
}

var (
	_ caddy.Provisioner                                = (*Transport)(nil)
	_ caddy.CleanerUpper                               = (*Transport)(nil)
	_ http.RoundTripper                                = (*Transport)(nil)
	_ caddyfile.Unmarshaler                            = (*Transport)(nil)
	_ reverseproxy.TLSTransport                        = (*Transport)(nil)
	_ reverseproxy.H2CTransport                        = (*Transport)(nil)
	_ reverseproxy.HealthCheckSchemeOverriderTransport = (*Transport)(nil)
	_ reverseproxy.ProxyProtocolTransport              = (*Transport)(nil)
	_ reverseproxy.RequestHeaderOpsTransport           = (*Transport)(nil)
)
