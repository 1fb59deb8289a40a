package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed haproxy/haproxy.cfg
var haproxyCfg string

// haproxyMost is the longest body that HAProxy is asked to hash: it has to fit
// into its buffers, of which each connection has two.
const haproxyMost = 64 * kib

func missingHAProxy() string {
	if _, err := exec.LookPath("haproxy"); err != nil {
		return "apt-get install haproxy"
	}
	return ""
}

// startHAProxy signs with the converters of HAProxy's configuration language,
// which has HMAC and no signatures with ed25519.
func startHAProxy(ctx context.Context, l *lab, t target) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer(
		"THREADS", fmt.Sprint(l.pin.Cores), "BUFSIZE", fmt.Sprint(haproxyMost+16*kib), "ADDRESS", address,
		"UPSTREAM", strings.TrimPrefix(l.partner.Plain, "http://"),
	).Replace(haproxyCfg)
	file := filepath.Join(l.dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return startProcess(ctx, l, t.Name, "http://"+address, "/", "haproxy", "-db", "-f", file)
}
