package main

import (
	"context"
	"fmt"
	"time"
)

// A measurement is one target under one workload, once.
type measurement struct {
	Target   string
	Workload string // its ID
	Round    int

	RPS      float64 // requests per second
	P50, P99 float64 // latency, in microseconds
	CPU      float64 // of the proxy, in microseconds per request
	Peak     int64   // memory of the proxy, in bytes

	Requests    int64
	Samples     int   // requests that were verified
	Connections int64 // from the proxy to the partner
}

// measure has wrk send w through p, once to warm up and once to measure, and
// verifies what has arrived.
func (l *lab) measure(ctx context.Context, p *process, e expectation, w workload, o options) (m measurement, err error) {
	if _, err := l.wrk.run(ctx, p.base, w, o.WarmUp); err != nil {
		return m, fmt.Errorf("while warming up: %w\n%s", err, p.said())
	}
	if err := resetPeak(p.pid()); err != nil {
		return m, err
	}
	seen := newWindow(w)
	l.partner.observe(seen)
	before, err := usageOf(p.pid())
	if err != nil {
		return m, err
	}
	sent, err := l.wrk.run(ctx, p.base, w, o.Duration)
	if err != nil {
		return m, fmt.Errorf("%w\n%s", err, p.said())
	}
	after, err := usageOf(p.pid())
	if err != nil {
		return m, err
	}
	l.partner.observe(new(window))
	if err := seen.check(sent.Requests, w); err != nil {
		return m, err
	}
	samples := seen.kept()
	if err := e.verify(l.keys, samples, w); err != nil {
		return m, err
	}
	return measurement{
		Workload: w.ID(),
		RPS:      float64(sent.Requests) * 1e6 / float64(sent.Microseconds),
		P50:      float64(sent.P50), P99: float64(sent.P99),
		CPU:      float64((after.CPU-before.CPU)/time.Microsecond) / float64(sent.Requests),
		Peak:     after.Peak,
		Requests: sent.Requests, Samples: len(samples), Connections: seen.connections.Load(),
	}, nil
}

// newWindow keeps more of short requests than of long ones.
func newWindow(w workload) *window {
	if w.Size >= mib {
		return &window{every: 20, limit: 10}
	}
	return &window{every: 200, limit: 200}
}

// check compares what wrk completed with what has arrived: more, but for what
// was on its way, was sent twice; less was answered by somebody else.
func (w *window) check(completed int64, l workload) error {
	arrived, under := w.requests.Load(), int64(2*l.Connections)
	if arrived < completed || arrived > completed+under {
		return fmt.Errorf("wrk has %d answers of the %d requests that arrived", completed, arrived)
	}
	if n := w.connections.Load(); l.Spread == 0 && n > 4*under && n > arrived/10 {
		return fmt.Errorf("%d requests took %d connections to the partner: they are not kept alive", arrived, n)
	}
	return nil
}
