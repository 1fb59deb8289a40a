package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A onceProfile is a partner_proxy and what may be sent again through it. Its
// name is the first segment of the path.
type onceProfile struct {
	name, preset, lines string

	path      string // below it; default: /v1/calls
	methods   []string
	keyed     bool  // writes get a key
	from      bool  // of the client's reference
	statuses  []int // after which POST, PUT, PATCH and DELETE are sent again
	attempts  int   // by that rule
	reference bool  // the rule is for bodies that have one
	balanced  bool  // Caddy tries again, too
	held      bool  // bodies are held, and longer ones than onceMaxBody refused
	renews    bool  // tokens that were refused
	session   bool  // calls are those of Dynamic's flows
}

const (
	onceMaxBody = 64 << 10

	hmacKeyed = `
		bearer {env.TOKEN}
		idempotency_key
		content_digest
		signature {
			key DIR/hmac.key
			key_id hmac
			algorithm hmac-sha256
			components @method @target-uri authorization content-digest? idempotency-key?
			parameters created nonce keyid
		}
		max_body 64KiB
	`
	ed25519Only = `
		bearer {env.TOKEN}
		signature {
			key DIR/ed25519.key
			key_id ed25519
			components @method @target-uri authorization idempotency-key?
			parameters created nonce keyid
		}
	`
	balancing = "lb_retries 3\nlb_try_duration 2s\nlb_try_interval 10ms\n"
)

var allMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "POST", "POST"}

var onceProfiles = []*onceProfile{
	{name: "hmac", lines: hmacKeyed, keyed: true, held: true},
	{name: "ed25519", lines: ed25519Only},
	{name: "bearer", lines: "bearer {env.TOKEN}"},
	{name: "from", lines: ed25519Only + "idempotency_key {\nfrom header X-Reference\n}", keyed: true, from: true},
	{name: "retry", lines: ed25519Only + "max_body 64KiB\nretry {\non POST,PUT,PATCH,DELETE /v1/**\nstatus 503 429\nattempts 3\nbackoff 1ms 5ms\n}", statuses: []int{503, 429}, attempts: 3, held: true},
	{name: "retrykeyed", lines: hmacKeyed + "retry {\nstatus 500 503\nattempts 4\nbackoff 1ms 5ms\n}", keyed: true, statuses: []int{500, 503}, attempts: 4, held: true},
	{name: "balanced", lines: ed25519Only + balancing, balanced: true},
	{name: "balancedkeyed", lines: hmacKeyed + balancing, keyed: true, balanced: true, held: true},
	{
		name: "dfns", preset: "dfns", path: "/wallets", methods: []string{"GET", "POST", "PUT", "DELETE", "POST"}, held: true,
		lines: "token {env.TOKEN}\napp_id " + dfnsAppID + "\napp_secret {env.TOKEN}\napp_key DIR/app.key\ncredential cr-1 {\nkey DIR/ed25519.key\n}\nmax_body 64KiB\n",
	},
	{
		name: "transfers", preset: "dfns", path: "/wallets/wa-1/transfers", methods: []string{"POST"}, held: true,
		lines: "token {env.TOKEN}\ncredential cr-1 {\nkey DIR/ed25519.key\n}\nmax_body 64KiB\n", statuses: []int{500, 503}, attempts: 3, reference: true,
	},
	{
		name: "offblocks", preset: "offblocks", keyed: true, held: true, path: "/v1/customers", renews: true,
		lines: "api_key {env.TOKEN}\napi_secret {env.TOKEN}\nkey DIR/p384.key\nkey_id p384\nmax_body 64KiB\n",
	},
	{name: "dynamic", preset: "dynamic", methods: []string{"POST"}, session: true, lines: "token {env.TOKEN}\n"},
}

// onceSite has them all in front of one partner.
func onceSite(t *testing.T, p *dyingPartner, versions string) caddyfile {
	t.Helper()
	transport := ""
	if strings.HasPrefix(p.URL, "https://") {
		transport = "tls_trust_pool file DIR/ca.pem\n"
	}
	var site strings.Builder
	for _, profile := range onceProfiles {
		fmt.Fprintf(&site, "handle_path /%s/* {\npartner_proxy %s %s {\n%s\ntimeout 1s\ntransport http {\n%s%s}\n}\n}\n",
			profile.name, profile.preset, p.URL, profile.lines, transport, versions)
	}
	return caddyfile{
		Site: site.String(),
		Files: map[string]string{
			"ca.pem": p.CertPEM, "hmac.key": keyOf(t, "hmac-sha256").File, "ed25519.key": keyOf(t, "ed25519").File,
			"p384.key": keyOf(t, "ecdsa-p384-sha384").File, "app.key": keyOf(t, "rsa-v1_5-sha256").File,
		},
		Env: []string{"TOKEN=token-of-the-partner"},
	}
}
