// Command bench measures what partnersign costs, beside stock Caddy and what
// else a company would deploy: proxies of its own making.
//
//	go run ./bench -quick          # a look, in less than a minute
//	go run ./bench -out results    # everything, in about an hour
//
// It builds Caddy, starts a partner on loopback, has wrk send requests through
// each proxy in turn, verifies some of what arrives, and writes a report. It
// runs on Linux and needs wrk; competitors that are not installed are named in
// the report. See docs/performance.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	o, err := parseOptions(args)
	if errors.Is(err, errHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	pin, err := pinCores()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := newLab(ctx, dir, pin, o)
	if err != nil {
		return err
	}
	if o.profile != "" {
		return l.writeProfile(ctx, o)
	}
	r := &results{Machine: thisMachine(ctx, l), Options: o}
	if err := l.compare(ctx, o, r); err != nil {
		return err
	}
	if o.Many > 0 {
		if err := l.measureMany(ctx, o, r); err != nil {
			return err
		}
	}
	return write(o.out, r)
}
