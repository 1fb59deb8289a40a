package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/partnersign/partnersign/signer/keys"
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
//	    persist {
//	        key <secret>
//	        previous_key <secret>…
//	    }
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
		parse, ok := globalLines[d.Val()]
		if !ok {
			return nil, unknown(d, names(globalLines)...)
		}
		if err := read(d.NextSegment(), parse, app, func(*App) error { return nil }); err != nil {
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

var globalLines = map[string]func(*caddyfile.Dispenser, *App) error{
	"body_memory": parseBodyMemory,
	"persist":     parsePersist,
}

func parsePersist(d *caddyfile.Dispenser, app *App) error {
	if app.Persist != nil {
		return twice(d)
	}
	if d.NextArg() {
		return d.Err("persist takes a block and no arguments")
	}
	line := d.Token()
	p := new(Persist)
	app.Persist = p
	err := readBlock(d, "persist", checked, func(name string, args []string) error {
		const expected = "{env.NAME} or {file./absolute/path} of 32 random bytes in base64"
		var previous string
		switch name {
		case "key":
			return setting(d, name, args, &p.Key, keys.CheckSecret, expected)
		case "previous_key":
			err := setting(d, name, args, &previous, keys.CheckSecret, expected)
			p.PreviousKeys = append(p.PreviousKeys, previous)
			return err
		}
		return unknown(d, "key", "previous_key")
	}, "previous_key")
	if err == nil && p.Key == "" {
		return at(line).Err("persist: key is missing: {env.NAME} or {file./absolute/path} of 32 random bytes in base64")
	}
	return err
}
