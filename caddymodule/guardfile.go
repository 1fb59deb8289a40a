package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseGuard reads the directive partnersign_guard.
func parseGuard(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	g := new(Guard)
	return g, g.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads
//
//	partnersign_guard [<matcher>] {
//	    client_auth <secret> [<Header>]
//	    client_users <user|uid>…
//	    client_groups <group|gid>…
//	    client_certificates any | <name>…
//	    unsafe_listen
//	    browsers refuse | any | <origin>…
//	    client_hosts <name>…
//	}
func (g *Guard) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.Err("partnersign_guard takes a block and no arguments")
	}
	for d.NextBlock(0) {
		parse, ok := guardSubdirectives[d.Val()]
		if !ok {
			return unknown(d, names(guardSubdirectives)...)
		}
		if err := read(d.NextSegment(), parse, g, (*Guard).check); err != nil {
			return err
		}
	}
	return nil
}

// guardSubdirectives read one line each, from its name on, as subdirectives do.
var guardSubdirectives = map[string]func(*caddyfile.Dispenser, *Guard) error{
	"client_auth": func(d *caddyfile.Dispenser, g *Guard) error {
		if g.ClientAuth != nil {
			return twice(d)
		}
		args := d.RemainingArgs()
		if len(args) != 1 && len(args) != 2 {
			return d.Err("client_auth: expected {env.NAME} or {file./absolute/path}, and maybe a header name")
		}
		g.ClientAuth = &ClientAuth{Secret: args[0]}
		if len(args) == 2 {
			g.ClientAuth.Header = args[1]
		}
		return nil
	},
	"client_users":        guardList(func(g *Guard) *[]string { return &g.ClientUsers }, "users by name or number"),
	"client_groups":       guardList(func(g *Guard) *[]string { return &g.ClientGroups }, "groups by name or number"),
	"client_certificates": guardList(func(g *Guard) *[]string { return &g.ClientCertificates }, "any, names in certificates, such as billing.internal, or sha256:<fingerprint>"),
	"unsafe_listen": func(d *caddyfile.Dispenser, g *Guard) error {
		if g.UnsafeListen {
			return twice(d)
		}
		if d.NextArg() {
			return d.Err("unsafe_listen takes no arguments")
		}
		g.UnsafeListen = true
		return nil
	},
	"browsers":     guardList(func(g *Guard) *[]string { return &g.Browsers }, "refuse, any, or origins such as https://app.example.com"),
	"client_hosts": guardList(func(g *Guard) *[]string { return &g.ClientHosts }, "names, such as partners.internal"),
}

// guardList reads the arguments of a line that is there once.
func guardList(of func(*Guard) *[]string, expected string) func(*caddyfile.Dispenser, *Guard) error {
	return func(d *caddyfile.Dispenser, g *Guard) error {
		name, list := d.Val(), of(g)
		if *list != nil {
			return twice(d)
		}
		if *list = d.RemainingArgs(); len(*list) == 0 {
			return d.Errf("%s: expected %s", name, expected)
		}
		return nil
	}
}
