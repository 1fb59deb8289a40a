package caddymodule

import (
	"errors"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/keys"
)

// A preset is a partner that partner_proxy knows by name.
type preset struct {
	// settings read one line of the block each, once.
	settings map[string]func(d *caddyfile.Dispenser, args []string) error
	// fill makes a configuration of the settings.
	fill func() config.Config
	// missing says which setting is missing from what has been made of them
	// and of the rest of the block.
	missing func(config.Config) error
}

// presets are made anew for each partner_proxy.
var presets = map[string]func() *preset{
	"dfns": newDfnsPreset,
}

func newDfnsPreset() *preset {
	s := new(config.DfnsSettings)
	p := &preset{
		settings: map[string]func(*caddyfile.Dispenser, []string) error{
			"token": secretSetting("token", &s.Token),
		},
		fill: func() config.Config { return config.Dfns(*s) },
		missing: func(c config.Config) error {
			return needsToken(c, "the token of a service account")
		},
	}
	for name, parse := range dfnsLines {
		p.settings[name] = func(d *caddyfile.Dispenser, args []string) error { return parse(d, args, &s.DfnsAuth) }
	}
	return p
}

// secretSetting is a setting that is a secret.
func secretSetting(name string, into *string) func(*caddyfile.Dispenser, []string) error {
	return func(d *caddyfile.Dispenser, args []string) error {
		return setting(d, name, args, into, keys.CheckSecret, "{env.NAME} or {file./absolute/path}")
	}
}

// needsToken asks for a token where nothing else sets Authorization.
func needsToken(c config.Config, what string) error {
	if c.Bearer != nil || c.BasicAuth != nil || slices.Contains(c.ClientHeaders, "Authorization") {
		return nil
	}
	return errors.New("token is missing: {env.NAME} or {file./absolute/path} of " + what)
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
