package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("partnersign", parseGlobalOption)
	httpcaddyfile.RegisterDirective("partner_proxy", parsePartnerProxy)
	httpcaddyfile.RegisterDirectiveOrder("partner_proxy", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("partnersign_guard", parseGuard)
	// Where Caddy authenticates, so that a guard of a whole site also stands in
	// front of its handle and route blocks.
	httpcaddyfile.RegisterDirectiveOrder("partnersign_guard", httpcaddyfile.Before, "basic_auth")
}

// parseGlobalOption reads
//
//	partnersign {
//	    body_memory <size>
//	}
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next() // the option's name
	if existing != nil {
		return nil, d.Err("partnersign is there twice: put all of it into one block")
	}
	if d.NextArg() {
		return nil, d.Err("partnersign takes a block and no arguments")
	}
	app := new(App)
	for d.NextBlock(0) {
		if d.Val() != "body_memory" {
			return nil, unknown(d, "body_memory")
		}
		if err := read(d.NextSegment(), parseBodyMemory, app, func(*App) error { return nil }); err != nil {
			return nil, err
		}
	}
	return httpcaddyfile.App{Name: "partnersign", Value: caddyconfig.JSON(app, nil)}, nil
}

func parseBodyMemory(d *caddyfile.Dispenser, app *App) (err error) {
	if app.BodyMemory != 0 {
		return twice(d)
	}
	app.BodyMemory, err = oneSize(d)
	return err
}
