package main

import (
	"fmt"
	"strings"
	"time"
)

// writeWorkload is a table of all targets.
func (r *results) writeWorkload(b *strings.Builder, w workload) {
	fmt.Fprintf(b, "## %s\n\n| | requests/s | / stock | p50 µs | p99 µs | CPU µs | / stock | peak MiB | verified |\n"+
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", w.Title())
	for _, t := range targets {
		verified := 0.0
		for _, n := range r.values(t.Name, w.ID(), func(m measurement) float64 { return float64(m.Samples) }) {
			verified += n
		}
		if verified == 0 {
			if reason := r.reason(t, w); reason != "" {
				fmt.Fprintf(b, "| %s | %s | | | | | | | |\n", t.Title, reason)
			}
			continue
		}
		figure := func(of func(measurement) float64) float64 { return median(r.values(t.Name, w.ID(), of)) }
		fmt.Fprintf(b, "| %s | %.0f | %s | %.0f | %.0f | %.1f | %s | %.0f | %.0f |\n", t.Title,
			figure(rpsOf), ratioText(r.ratio(t.Name, "stock", w.ID(), rpsOf)), figure(p50Of), figure(p99Of),
			figure(cpuOf), ratioText(r.ratio(t.Name, "stock", w.ID(), cpuOf)), figure(peakOf), verified)
	}
	b.WriteString("\n")
}

// reason says why there is no figure, when there might have been one.
func (r *results) reason(t target, w workload) string {
	for _, one := range r.Missing {
		if one.Target == t.Name {
			return "not installed"
		}
	}
	if t.most > 0 && w.Size > t.most && !w.Chunked {
		return "not measured: the body would not fit its buffers"
	}
	return ""
}

// ratioText is empty for what was not measured.
func ratioText(ratio float64) string {
	if ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", ratio)
}

func (r *results) writeMany(b *strings.Builder) {
	if len(r.Many) == 0 {
		return
	}
	b.WriteString("## Many partners in one configuration\n\n" +
		"POST 1 KiB over 16 connections, CPU µs per request. Load is from the start of the process to the first answer.\n\n" +
		"| | partners | load | memory MiB | first | last | 100 in turn |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, m := range r.Many {
		fmt.Fprintf(b, "| %s, %s | %d | %v | %d | %s | %s | %s |\n", targetOf(m.Target).Title, m.Name, m.Partners,
			m.Load.Round(10*time.Millisecond), m.RSS/mib, m.cost("first"), m.cost("last"), m.cost("100 in turn"))
	}
	b.WriteString("\n")
}

func (m many) cost(partners string) string {
	var all []float64
	for _, c := range m.Costs {
		if c.Partners == partners {
			all = append(all, c.Microseconds)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", median(all))
}
