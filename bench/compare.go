package main

import (
	"context"
	"fmt"
)

// compare measures all targets under all workloads, in alternating rounds. All
// proxies run all the time, and all but one are idle.
func (l *lab) compare(ctx context.Context, o options, r *results) error {
	running := map[string]*process{}
	defer func() {
		for _, p := range running {
			p.stop()
		}
	}()
	var chosen []target
	for _, name := range o.Targets {
		t := targetOf(name)
		if t.missing != nil {
			if what := t.missing(); what != "" {
				r.Missing = append(r.Missing, missing{t.Name, what})
				progress("%s is left out: %s", t.Name, what)
				continue
			}
		}
		p, err := t.start(ctx, l, t)
		if p != nil {
			running[t.Name] = p
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		chosen = append(chosen, t)
	}
	for round := range o.Rounds {
		r.Primitives = append(r.Primitives, l.primitives(round, o.quick)...)
		for _, w := range o.workloads() {
			for i := range chosen {
				t := chosen[(i+round)%len(chosen)]
				if !t.takes(w) {
					continue
				}
				m, err := l.measure(ctx, running[t.Name], t.expect, w, o)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", t.Name, w.Title(), err)
				}
				m.Target, m.Round = t.Name, round
				r.Measurements = append(r.Measurements, m)
				progress("round %d  %-13s %-18s %8.0f/s  p50 %7.0f µs  p99 %7.0f µs  %8.1f µs CPU  %4d MiB", round+1,
					m.Workload, t.Name, m.RPS, m.P50, m.P99, m.CPU, m.Peak/mib)
			}
		}
	}
	return nil
}

// workloads are those asked for, at each number of connections. POST 1 KiB comes
// over one connection, too: only there is latency what a request takes, and not
// how long it waits for others.
func (o options) workloads() (all []workload) {
	for _, name := range o.Workloads {
		for _, w := range append(workloads, stream) {
			if w.Name != name {
				continue
			}
			w.Path = "/v1/payments"
			for i, connections := range o.Connections {
				w.Connections = connections
				if name == stream.Name && i > 0 {
					continue
				}
				all = append(all, w)
			}
			if w.Connections = 1; name == "post-1k" && !o.quick {
				all = append(all, w)
			}
		}
	}
	return all
}
