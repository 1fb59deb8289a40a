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
	"browsers": func(d *caddyfile.Dispenser, g *Guard) error {
		if g.Browsers != nil {
			return twice(d)
		}
		if g.Browsers = d.RemainingArgs(); len(g.Browsers) == 0 {
			return d.Err("browsers: expected refuse, any, or origins such as https://app.example.com")
		}
		return nil
	},
	"client_hosts": func(d *caddyfile.Dispenser, g *Guard) error {
		if g.ClientHosts != nil {
			return twice(d)
		}
		if g.ClientHosts = d.RemainingArgs(); len(g.ClientHosts) == 0 {
			return d.Err("client_hosts: expected names, such as partners.internal")
		}
		return nil
	},
}
