package caddymodule

import (
	"errors"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/keys"
)

// presets are made anew for each partner_proxy.
var presets = map[string]func() *preset{
	"dfns":      newDfnsPreset,
	"dynamic":   newDynamicPreset,
	"offblocks": newOffBlocksPreset,
	"proof":     newProofPreset,
}

func newDfnsPreset() *preset {
	s := new(config.DfnsSettings)
	p := &preset{
		settings: map[string]func(*caddyfile.Dispenser, []string) error{
			"token": secretSetting("token", &s.Token),
		},
		fill: func(string) config.Config { return config.Dfns(*s) },
		missing: func(c config.Config) error {
			return needsToken(c, "the token of a service account")
		},
	}
	for name, parse := range dfnsLines {
		p.settings[name] = func(d *caddyfile.Dispenser, args []string) error { return parse(d, args, &s.DfnsAuth) }
	}
	return p
}

func newOffBlocksPreset() *preset {
	s := new(config.OffBlocksSettings)
	return &preset{
		settings: map[string]func(*caddyfile.Dispenser, []string) error{
			"api_key":    secretSetting("api_key", &s.APIKey),
			"api_secret": secretSetting("api_secret", &s.APISecret),
			"key": func(d *caddyfile.Dispenser, args []string) error {
				return setting(d, "key", args, &s.Key, keys.CheckKey, "the path of the P-384 key, {file./absolute/path} or {env.NAME}")
			},
			"key_id": func(d *caddyfile.Dispenser, args []string) error {
				return setting(d, "key_id", args, &s.KeyID, keys.CheckText, "the id that OffBlocks gave the key")
			},
		},
		fill: func(upstream string) config.Config {
			s := *s
			s.Upstream = upstream
			return config.OffBlocks(s)
		},
		missing: func(c config.Config) error {
			switch {
			case s.APIKey == "" && s.APISecret == "" && !authorised(c):
				return errors.New("api_key and api_secret are missing: {env.NAME} or {file./absolute/path} of each")
			case (s.APIKey == "") != (s.APISecret == ""):
				return errors.New("api_key and api_secret go together: give both")
			case s.Key == "" && c.Signatures == nil:
				return errors.New("key is missing: the path of the P-384 key that signs")
			case s.Key != "" && s.KeyID == "":
				return errors.New("key_id is missing: the id that OffBlocks gave the key")
			}
			return nil
		},
	}
}

func newDynamicPreset() *preset {
	s := new(config.DynamicSettings)
	flag := func(name string, into *bool) func(*caddyfile.Dispenser, []string) error {
		return func(d *caddyfile.Dispenser, args []string) error {
			if len(args) > 0 {
				return d.Errf("%s takes no arguments", name)
			}
			*into = true
			return nil
		}
	}
	return &preset{
		settings: map[string]func(*caddyfile.Dispenser, []string) error{
			"token":         secretSetting("token", &s.Token),
			"sdk_token":     secretSetting("sdk_token", &s.SDKToken),
			"strip_session": flag("strip_session", &s.StripSession),
			"per_client":    flag("per_client", &s.PerClient),
		},
		fill: func(string) config.Config { return config.Dynamic(*s) },
		missing: func(c config.Config) error {
			if c.Bearer == nil && c.BasicAuth == nil {
				return errors.New("token is missing: {env.NAME} or {file./absolute/path} of a server token, dyn_…")
			}
			return nil
		},
	}
}

func newProofPreset() *preset {
	s := new(config.ProofSettings)
	return &preset{
		settings: map[string]func(*caddyfile.Dispenser, []string) error{
			"client_token": secretSetting("client_token", &s.ClientToken),
			"origin": func(d *caddyfile.Dispenser, args []string) error {
				return setting(d, "origin", args, &s.Origin, keys.CheckText, "the origin that is registered at Proof, such as https://app.example.com")
			},
		},
		fill: func(string) config.Config { return config.Proof(*s) },
		missing: func(c config.Config) error {
			switch {
			case !authorised(c):
				return errors.New("client_token is missing: {env.NAME} or {file./absolute/path} of the token of Proof's onboarding")
			case !slices.ContainsFunc(c.Headers, func(h config.Header) bool { return strings.EqualFold(h.Name, "Origin") }) && !slices.Contains(c.ClientHeaders, "Origin"):
				return errors.New("origin is missing: the origin that is registered at Proof, such as https://app.example.com")
			}
			return nil
		},
	}
}

// needsToken asks for a token where nothing else sets Authorization.
func needsToken(c config.Config, what string) error {
	if authorised(c) {
		return nil
	}
	return errors.New("token is missing: {env.NAME} or {file./absolute/path} of " + what)
}

// authorised reports whether something sets Authorization, or lets the client's
// own pass.
func authorised(c config.Config) bool {
	return c.Bearer != nil || c.BasicAuth != nil || slices.Contains(c.ClientHeaders, "Authorization")
}
