package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("partnersign_health", parseHealth)
	httpcaddyfile.RegisterDirectiveOrder("partnersign_health", httpcaddyfile.Before, "respond")
}

// parseHealth reads the directive partnersign_health.
func parseHealth(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	health := new(Health)
	return health, health.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads
//
//	partnersign_health [<matcher>]
func (*Health) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.Err("partnersign_health takes no arguments: remove them")
	}
	if d.NextBlock(0) {
		return d.Err("partnersign_health takes no block: remove the braces and what is between them")
	}
	return nil
}
