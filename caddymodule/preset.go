package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/keys"
)

// A preset is a partner that partner_proxy knows by name.
type preset struct {
	// settings read one line of the block each, once.
	settings map[string]func(d *caddyfile.Dispenser, args []string) error
	// fill makes a configuration of the settings, for an upstream other than
	// the preset's own if one is given.
	fill func(upstream string) config.Config
	// missing says which setting is missing from what has been made of them
	// and of the rest of the block.
	missing func(config.Config) error
}

// secretSetting is a setting that is a secret.
func secretSetting(name string, into *string) func(*caddyfile.Dispenser, []string) error {
	return func(d *caddyfile.Dispenser, args []string) error {
		return setting(d, name, args, into, keys.CheckSecret, "{env.NAME} or {file./absolute/path}")
	}
}

// line reads one line of the block that is a setting.
func (p *preset) line(segment caddyfile.Segment, seen map[string]bool) (bool, error) {
	name := segment[0].Text
	parse, ok := p.settings[name]
	if !ok {
		return false, nil
	}
	d := caddyfile.NewDispenser(segment)
	d.Next()
	if seen[name] {
		return true, twice(d)
	}
	seen[name] = true
	return true, read(segment, func(d *caddyfile.Dispenser, _ *preset) error { return parse(d, d.RemainingArgs()) }, p, (*preset).checked)
}

// checked is for settings, which check themselves.
func (*preset) checked() error { return nil }
