package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

func init() { caddy.RegisterModule(new(Guard)) }

// Guard decides who may call. A listening socket holds the power of the
// credential behind it, so pages in a browser on the same machine are refused
// by default. It stands in front of reverse_proxy, which removes
// Proxy-Authorization and replaces Host.
type Guard struct {
	// The partner's name in answers, metrics and logs.
	Partner string `json:"partner,omitempty"`

	// The upstream whose own name clients may use as Host.
	Upstream string `json:"upstream,omitempty"`

	// What callers must present. Default: nothing.
	ClientAuth *ClientAuth `json:"client_auth,omitempty"`

	// The users that callers may run as, by name or number: those at the other
	// end of a unix socket, as Linux tells it. Default: any.
	ClientUsers []string `json:"client_users,omitempty"`

	// The groups that callers may run in, by name or number; one of these is as
	// good as one of the users. Default: any.
	ClientGroups []string `json:"client_groups,omitempty"`

	// The certificates that callers may show, verified by the site's TLS: by a
	// DNS name, URI or email address in them, by the common name of one that
	// has no such names, by `sha256:` and a fingerprint; or `any`. Default: none
	// is asked for.
	ClientCertificates []string `json:"client_certificates,omitempty"`

	// Accepts whoever reaches a listener that is open to the network, where
	// something else keeps the wrong callers away.
	UnsafeListen bool `json:"unsafe_listen,omitempty"`

	// What browsers may do: `refuse` (default), `any`, or the origins whose
	// pages may call.
	Browsers []string `json:"browsers,omitempty"`

	// The names under which clients may call; `*.example.com` is any name
	// below, `*` any at all. Default: localhost, names below it, IP addresses
	// and the upstream's own name. Unix sockets are free of this.
	ClientHosts []string `json:"client_hosts,omitempty"`

	report  *reporter
	metrics *partnerMetrics
	secret  *keys.Secret
	peers   *peers // nil: any
	own     string // the upstream's host
	direct  func() *direct
}

// CaddyModule returns the Caddy module information.
func (*Guard) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.partnersign_guard", New: func() caddy.Module { return new(Guard) }}
}

// Provision opens the secret and finds the users.
func (g *Guard) Provision(ctx caddy.Context) error {
	app, err := ctx.App("partnersign")
	if err != nil {
		return err
	}
	if err := app.(*App).checkListeners(ctx); err != nil {
		return together(ctx, "", err)
	}
	return together(ctx, g.Partner, g.provision(ctx, app.(*App)))
}

func (g *Guard) provision(ctx caddy.Context, app *App) error {
	if err := g.check(); err != nil {
		return err
	}
	g.report, g.metrics = newReporter(ctx), newPartnerMetrics(g.Partner)
	g.direct = sync.OnceValue(g.findDirect(ctx))
	if g.Upstream != "" {
		upstream, _ := signer.ParseUpstream(g.Upstream)
		g.own = upstream.Hostname()
	}
	g.warnOpen(ctx)
	if err := g.openSecret(app); err != nil {
		return fmt.Errorf("client_auth: %w", err)
	}
	if err := g.findPeers(ctx); err != nil {
		return err
	}
	return g.expectCertificates(ctx)
}

// check says what is wrong with g in itself.
func (g *Guard) check() error {
	if g.Upstream != "" {
		if _, err := signer.ParseUpstream(g.Upstream); err != nil {
			return fmt.Errorf("upstream: %w", err)
		}
	}
	if err := g.ClientAuth.check(); err != nil {
		return fmt.Errorf("client_auth: %w", err)
	}
	for name, list := range map[string][]string{"client_users": g.ClientUsers, "client_groups": g.ClientGroups, "client_certificates": g.ClientCertificates} {
		if list != nil && len(list) == 0 || slices.Contains(list, "") {
			return fmt.Errorf("%s: expected at least one name, and none that is empty", name)
		}
	}
	if err := checkCertificates(g.ClientCertificates); err != nil {
		return fmt.Errorf("client_certificates: %w", err)
	}
	for _, origin := range g.Browsers {
		word := origin == "refuse" || origin == "any"
		scheme, host, ok := strings.Cut(origin, "://")
		if word && len(g.Browsers) > 1 || !word && (!ok || scheme == "" || host == "" || strings.ContainsAny(host, "/?#*")) {
			return errors.New("browsers: expected refuse, any, or origins such as https://app.example.com")
		}
	}
	for _, host := range g.ClientHosts {
		name := host
		if suffix, ok := strings.CutPrefix(host, "*."); ok {
			name = suffix
		}
		if host != "*" && (name == "" || strings.ContainsAny(name, "*/:@[] ") && !isAddress(name)) {
			return errors.New("client_hosts: expected names without port, such as partners.internal, *.internal or *")
		}
	}
	return nil
}

// ServeHTTP lets the request pass or answers with a problem.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if problem := g.admit(r); problem != nil {
		g.metrics.count(signer.Refused)
		g.answer(w, r, problem)
		return nil
	}
	if g.ClientAuth != nil {
		r.Header.Del(g.ClientAuth.header())
	}
	v := enter(w, r)
	defer v.leave()
	var err error
	if d := g.direct(); v != nil && d.serves(r) {
		err = d.serve(w, r, v)
	} else {
		err = next.ServeHTTP(w, r)
	}
	if err != nil && isUnreachable(r, err) {
		problem := signer.PartnerUnreachable.Problem("no connection to the partner could be made, and nothing was sent; the proxy's log says why").Because(err)
		g.answer(w, r, v.doubted(r, problem))
		return nil
	}
	return err
}

// answer answers with a problem, and reports it.
func (g *Guard) answer(w http.ResponseWriter, r *http.Request, problem *signer.Problem) {
	g.report.problem(&signer.Record{Partner: g.Partner, Method: r.Method, Path: r.URL.EscapedPath(), Problem: problem})
	problem.Write(w, g.Partner)
}

// isUnreachable reports whether err is the transport's, of a connection that
// could not be made: reverse_proxy answers it without a body. Where the site
// has handle_errors, that answers.
func isUnreachable(r *http.Request, err error) bool {
	failure := visitOf(r).err
	if failure == nil || errors.Is(failure, context.Canceled) || !errors.Is(err, failure) {
		return false
	}
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	return !ok || server.Errors == nil
}

var (
	_ caddy.Provisioner           = (*Guard)(nil)
	_ caddyhttp.MiddlewareHandler = (*Guard)(nil)
	_ caddyfile.Unmarshaler       = (*Guard)(nil)
)
