// Package config makes partners from a configuration: [Config] is what a
// Caddyfile block adapts to, as JSON, and [Build] makes the signer.Partner.
//
// Users of the library have the same configuration without Caddy:
//
//	partner, err := config.Build(config.Config{
//		Upstream: "https://api.acme.example",
//		Bearer:   []config.Bearer{{Token: "{env.ACME_TOKEN}"}},
//	}, config.Runtime{})
package config
