package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildCaddy builds ./cmd/caddy as go build does.
func buildCaddy(ctx context.Context, root, file string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", file, "./cmd/caddy")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/caddy: %w\n%s", err, out)
	}
	return nil
}

// caddyGlobals are the same for all: no log of single requests, neither Caddy's
// nor partnersign's audit log, and no admin endpoint, or one at admin.
func caddyGlobals(admin string) string {
	return fmt.Sprintf("{\n\tadmin %s\n\tpersist_config off\n\tauto_https off\n\tlog {\n\t\tlevel WARN\n\t}\n}\n", admin)
}

// site is a site of Caddy's at an address on loopback.
func site(address, directives string) string {
	return fmt.Sprintf("http://%s {\n\tbind 127.0.0.1\n%s}\n", address, indent(directives))
}

func startStock(ctx context.Context, l *lab, t target) (*process, error) {
	return startCaddy(ctx, l, t.Name, "/", func(address string) string { return site(address, l.stock(t)) })
}

func startPartnersign(ctx context.Context, l *lab, t target) (*process, error) {
	return startCaddy(ctx, l, t.Name, "/", func(address string) string { return site(address, l.partnersign("", t)) })
}

// startCaddy starts Caddy with these sites; path is one that a partner answers.
func startCaddy(ctx context.Context, l *lab, name, path string, sites func(address string) string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(l.dir, name+".Caddyfile")
	if err := os.WriteFile(file, []byte(caddyGlobals("off")+sites(address)), 0o600); err != nil {
		return nil, err
	}
	return startProcess(ctx, l, name, "http://"+address, path, l.caddy, "run", "--config", file, "--adapter", "caddyfile")
}

// connection has Caddy keep more than its 32 idle connections, like the others:
// they would not do for 64 clients.
func (l *lab) connection(t target, options string) string {
	options += "keepalive_idle_conns_per_host 128\n"
	if t.expect.secure {
		options += "tls_trust_pool file " + l.keys.authority() + "\n"
	}
	return "transport http {\n" + indent(options) + "}\n"
}

// stock is a reverse_proxy with what partnersign sets of a connection, too.
func (l *lab) stock(t target) string {
	options := "compression off\n"
	if !t.expect.secure {
		options += "network_proxy none\n"
	}
	return fmt.Sprintf("reverse_proxy %s {\n%s}\n", t.upstream(l.partner), indent(l.connection(t, options)))
}

// partnersign is the partner_proxy of a target. A matcher ends in a space.
func (l *lab) partnersign(matcher string, t target) string {
	var b strings.Builder
	fmt.Fprintf(&b, "partner_proxy %s%s {\n", matcher, t.upstream(l.partner))
	if t.expect.bearer {
		b.WriteString("\tbearer {env.BENCH_TOKEN}\n")
	}
	if t.expect.key {
		b.WriteString("\tidempotency_key\n")
	}
	if t.expect.digest {
		b.WriteString("\tcontent_digest\n")
	}
	if t.expect.algorithm != "" {
		b.WriteString(indent(l.signature(t.expect)))
	}
	b.WriteString(indent(l.connection(t, "")))
	b.WriteString("}\n")
	return b.String()
}

func (l *lab) signature(e expectation) string {
	key := l.keys.file(e.algorithm)
	if e.algorithm == hmacSHA256 {
		key = "{env.BENCH_SECRET}"
	}
	return fmt.Sprintf("signature {\n\tkey %s\n\tkey_id %s\n\talgorithm %s\n"+
		"\tcomponents @method @target-uri authorization content-digest? idempotency-key?\n}\n", key, e.keyID, e.algorithm)
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("\t" + line)
	}
	return b.String()
}
