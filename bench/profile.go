package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// writeProfile has one Caddy serve the chosen targets that are partnersign's,
// under all chosen workloads in turn, and writes its CPU profile, for go tool
// pprof or for go build -pgo.
func (l *lab) writeProfile(ctx context.Context, o options) error {
	var chosen []target
	for _, name := range o.Targets {
		if t := targetOf(name); t.family == partnersign {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) == 0 {
		return errors.New("-profile is about partnersign: name one of its targets")
	}
	p, admin, err := l.startProfiled(ctx, chosen)
	if p != nil {
		defer p.stop()
	}
	if err != nil {
		return err
	}
	turns := o.turns(chosen)
	length := time.Duration(len(turns)) * o.Duration * time.Duration(o.Rounds)
	progress("profiling for %v", length)
	done := make(chan error, 1)
	go func() { done <- fetchProfile(ctx, admin, length, o.profile) }()
	for i := 0; ; i++ {
		select {
		case err := <-done:
			return err
		default:
		}
		turn := turns[i%len(turns)]
		if _, err := l.wrk.run(ctx, p.base, turn, time.Second); err != nil {
			return fmt.Errorf("%s, %s: %w\n%s", turn.Path, turn.Title(), err, p.said())
		}
	}
}

// turns are a workload for each target, a second long.
func (o options) turns(chosen []target) (all []workload) {
	for _, w := range o.workloads() {
		for _, t := range chosen {
			if t.takes(w) {
				w.Path = "/" + t.Name + "/v1/payments"
				all = append(all, w)
			}
		}
	}
	return all
}

// startProfiled starts a Caddy with a partner below a path for each target.
func (l *lab) startProfiled(ctx context.Context, chosen []target) (p *process, admin string, err error) {
	if admin, err = freeAddress(); err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	var routes strings.Builder
	for _, t := range chosen {
		fmt.Fprintf(&routes, "handle_path /%s/* {\n%s}\n", t.Name, indent(l.partnersign("", t)))
	}
	file := filepath.Join(l.dir, "profile.Caddyfile")
	if err := os.WriteFile(file, []byte(caddyGlobals(admin)+site(address, routes.String())), 0o600); err != nil {
		return nil, "", err
	}
	p, err = startProcess(ctx, l, "profile", "http://"+address, "/"+chosen[0].Name+"/", l.caddy, "run", "--config", file, "--adapter", "caddyfile")
	return p, admin, err
}

// fetchProfile has Caddy's admin endpoint take a profile of this length.
func fetchProfile(ctx context.Context, admin string, length time.Duration, file string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%.0f", admin, length.Seconds())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("no profile of Caddy: %s: %s", res.Status, text)
	}
	return os.WriteFile(file, text, 0o644)
}
