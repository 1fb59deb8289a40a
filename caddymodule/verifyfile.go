package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer/config"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("partnersign_verify", parseVerifier)
	// Not only before reverse_proxy: beside a handle or route block that serves
	// the same path it would never be asked, and anybody's webhooks would pass.
	httpcaddyfile.RegisterDirectiveOrder("partnersign_verify", httpcaddyfile.Before, "basic_auth")
}

// parseVerifier reads the directive partnersign_verify.
func parseVerifier(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	v := new(Verifier)
	return v, v.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads
//
//	partnersign_verify [<matcher>] dfns {
//	    secret <secret>
//	    tolerance <duration>
//	    max_body <size>
//	}
//
// with one secret line or more.
func (v *Verifier) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if args := d.RemainingArgs(); len(args) != 1 || args[0] != "dfns" {
		return d.Err("partnersign_verify: expected dfns, whose webhooks it verifies, and a block")
	}
	v.Partner = "dfns"
	for d.NextBlock(0) {
		parse, ok := verifySubdirectives[d.Val()]
		if !ok {
			return unknown(d, names(verifySubdirectives)...)
		}
		if err := read(d.NextSegment(), parse, v, (*Verifier).check); err != nil {
			return err
		}
	}
	d.Reset()
	d.Next() // the line without a secret
	return wrap(d, v.checkSecrets())
}

// verifySubdirectives read one line each, from its name on, as subdirectives do.
var verifySubdirectives = map[string]func(*caddyfile.Dispenser, *Verifier) error{
	"secret": func(d *caddyfile.Dispenser, v *Verifier) error {
		args := d.RemainingArgs()
		if len(args) != 1 {
			return d.Err("secret: expected {env.NAME} or {file./absolute/path}, and nothing else on the line")
		}
		v.Secrets = append(v.Secrets, args[0])
		return nil
	},
	"tolerance": func(d *caddyfile.Dispenser, v *Verifier) error {
		if v.Tolerance != 0 {
			return twice(d)
		}
		text, err := oneArgument(d)
		if err != nil {
			return err
		}
		tolerance, err := caddy.ParseDuration(text)
		if err != nil || tolerance <= 0 || tolerance > maxWebhookTolerance {
			return d.Err("tolerance: expected a duration such as 300s, and at most 1h")
		}
		v.Tolerance = config.Duration(tolerance)
		return nil
	},
	"max_body": func(d *caddyfile.Dispenser, v *Verifier) (err error) {
		if v.MaxBody != 0 {
			return twice(d)
		}
		v.MaxBody, err = oneSize(d)
		return err
	},
}
