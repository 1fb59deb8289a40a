package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A lab is what all measurements of a run share.
type lab struct {
	dir     string // for files of this run
	root    string // of the repository
	caddy   string // the binary
	keys    *keyring
	partner *partner
	wrk     *wrk
	pin     pinning
}

func newLab(ctx context.Context, dir string, pin pinning, o options) (l *lab, err error) {
	l = &lab{dir: dir, pin: pin, caddy: o.caddy}
	if l.wrk, err = newWrk(dir, max(1, min(2, pin.Cores))); err != nil {
		return nil, err
	}
	if l.keys, err = newKeyring(dir); err != nil {
		return nil, err
	}
	if l.partner, err = startPartner(l.keys.certificate); err != nil {
		return nil, err
	}
	if l.root, err = repository(ctx); err != nil {
		return nil, err
	}
	if l.caddy == "" {
		l.caddy = filepath.Join(dir, "caddy")
		progress("building ./cmd/caddy")
		return l, buildCaddy(ctx, l.root, l.caddy)
	}
	l.caddy, err = filepath.Abs(l.caddy)
	return l, err
}

// repository is the directory of the main module.
func repository(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list -m: %w; run bench inside the repository, with Go installed", err)
	}
	return strings.TrimSpace(string(out)), nil
}

var start = time.Now()

// progress tells what goes on, on stderr.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
}
