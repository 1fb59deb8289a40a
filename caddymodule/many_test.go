//go:build !race

package caddymodule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// TestManyPartners measures. The race detector would only make it slow.
func TestManyPartners(t *testing.T) {
	const partners = 10000
	t.Setenv("ACME_TOKEN", "sk_live_1")
	var directives strings.Builder
	for i := range partners {
		fmt.Fprintf(&directives, `partner_proxy /%[1]d/* https://api-%[1]d.acme.example {
			name acme-%[1]d
			bearer {env.ACME_TOKEN}
			idempotency_key
			content_digest
			allow * /%[1]d/**
			signature {
				key /run/secrets/ed25519.pem
				key_id acme-%[1]d
				components @method @target-uri content-digest?
			}
		}
`, i)
	}
	start := time.Now()
	config := mustAdapt(t, site(directives.String()))
	adapted := time.Now()
	if err := caddy.Validate(config); err != nil {
		t.Fatal(err)
	}
	loaded := time.Now()
	t.Logf("%d partners: adapted in %v, loaded in %v", partners, adapted.Sub(start), loaded.Sub(adapted))
	if loaded.Sub(start) > 2*time.Minute {
		t.Error("that takes too long")
	}
}
