package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/keys"
)

// parseDfns reads
//
//	dfns {
//	    app_id <id>
//	    app_secret <secret>
//	    app_key <path or secret>
//	    nonce
//	    credential <id> { … }
//	}
func parseDfns(d *caddyfile.Dispenser, c *config.Config) error {
	if c.Dfns != nil {
		return twice(d)
	}
	if d.NextArg() {
		return d.Err("dfns takes a block and no arguments")
	}
	c.Dfns = new(config.DfnsAuth)
	return readBlock(d, "dfns", checked, func(name string, args []string) error {
		parse, ok := dfnsLines[name]
		if !ok {
			return unknown(d, names(dfnsLines)...)
		}
		return parse(d, args, c.Dfns)
	})
}

// dfnsLines are the lines of a dfns block, and settings of the preset.
var dfnsLines = map[string]func(*caddyfile.Dispenser, []string, *config.DfnsAuth) error{
	"app_id": func(d *caddyfile.Dispenser, args []string, a *config.DfnsAuth) error {
		return setting(d, "app_id", args, &a.AppID, keys.CheckText, "the id of the application, ap-…")
	},
	"app_secret": func(d *caddyfile.Dispenser, args []string, a *config.DfnsAuth) error {
		return setting(d, "app_secret", args, &a.AppSecret, keys.CheckSecret, "{env.NAME} or {file./absolute/path}")
	},
	"app_key": func(d *caddyfile.Dispenser, args []string, a *config.DfnsAuth) error {
		return setting(d, "app_key", args, &a.AppKey, keys.CheckKey, "the path of the application's RSA key, {file./absolute/path} or {env.NAME}")
	},
	"nonce": func(d *caddyfile.Dispenser, args []string, a *config.DfnsAuth) error {
		if len(args) > 0 {
			return d.Err("nonce takes no arguments")
		}
		a.Nonce = true
		return nil
	},
	"credential": parseCredential,
}

// parseCredential reads
//
//	credential <id> {
//	    key <path or secret>
//	    exclude <METHOD[,METHOD…]> <glob>…
//	    client_token keep|replace
//	}
func parseCredential(d *caddyfile.Dispenser, args []string, a *config.DfnsAuth) error {
	if a.Credential != nil {
		return d.Err("credential is there twice: remove one of them")
	}
	c := new(config.DfnsCredential)
	if err := setting(d, "credential", args, &c.ID, keys.CheckText, "the id that Dfns gave the credential, cr-…, and a block with its key"); err != nil {
		return err
	}
	a.Credential = c
	line := d.Token()
	err := readBlock(d, "credential", checked, func(name string, args []string) error {
		switch {
		case name == "key":
			return setting(d, "key", args, &c.Key, keys.CheckKey, "the path of the credential's private key, {file./absolute/path} or {env.NAME}")
		case name == "exclude":
			m, err := match(args)
			if err != nil {
				return d.Errf("exclude: %w", err)
			}
			c.Exclude = append(c.Exclude, *m)
		case name == "client_token" && len(args) == 1 && (args[0] == "keep" || args[0] == "replace"):
			c.ClientToken = args[0]
		default:
			return d.Err("credential: expected key <path>, exclude <METHOD> <glob>… or client_token keep|replace")
		}
		return nil
	}, "exclude")
	if err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return at(line).Errf("credential: %w", err)
	}
	return nil
}
