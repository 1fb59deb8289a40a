// Package e2e tests partnersign from outside: a real Caddy process, started
// from a Caddyfile, between plain clients and a partner over TLS that reads
// the bytes on the wire.
package e2e
