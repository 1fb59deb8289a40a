package caddymodule

import (
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
)

// parseJSONField reads
//
//	json_field <pointer> <value> {
//	    require
//	    on <METHODS|*> <glob>…
//	}
func parseJSONField(d *caddyfile.Dispenser, c *config.Config) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Err("json_field: expected a JSON pointer, such as /client_ip, and a value; quote a value with spaces")
	}
	f := config.JSONField{Pointer: args[0], Value: args[1]}
	if f.Value == "{http.vars.client_ip}" { // as Caddy's adapter writes it
		f.Value = "{client_ip}"
	}
	if slices.ContainsFunc(c.JSONFields, func(o config.JSONField) bool { return o.Pointer == f.Pointer }) {
		return d.Err("json_field: this one is there twice: remove one of them")
	}
	err := readBlock(d, "json_field", f.Check, func(name string, args []string) (err error) {
		switch {
		case name == "on":
			f.On, err = readOn(d, args)
		case name == "require" && len(args) == 0:
			f.Require = true
		default:
			err = unknown(d, "require", "on <METHODS|*> <glob>…")
		}
		return err
	})
	c.JSONFields = append(c.JSONFields, f)
	return err
}
