package caddymodule

import (
	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/signer"
)

// Counts counts attempts for a partner.
func Counts(partner string) func(*signer.Record) { return newPartnerMetrics(partner).observe }

// Audits reports whether signatures are hashed for the audit line.
func Audits(ctx caddy.Context) bool { return newReporter(ctx).audited() }
