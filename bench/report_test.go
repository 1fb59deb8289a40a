package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// invented are results of two rounds in which partnersign is twice as fast the
// first time and half as fast the second.
func invented() *results {
	r := &results{
		Machine: machine{CPU: "CPU", Cores: 2, ProxyCores: 2},
		Options: options{Targets: targetNames(), Workloads: []string{"post-1k", "post-1m"}, Connections: []int{16}, Rounds: 2},
		Missing: []missing{{"node-hmac", "apt-get install nodejs"}},
	}
	for round, cpu := range []float64{50, 200} {
		for target, cpu := range map[string]float64{"stock": 100, "bearer": cpu, "hmac": 110, "ed25519": 131, "nginx-lua-ed25519": 90, "digest": 1750} {
			for _, workload := range []string{"post-1k-c16", "post-1k-c1", "post-1m-c16"} {
				r.Measurements = append(r.Measurements, measurement{Target: target, Workload: workload, Round: round,
					RPS: 1e6 / cpu, P50: cpu, P99: 2 * cpu, CPU: cpu, Peak: 64 * mib, Requests: 100, Samples: 3})
			}
		}
		r.Primitives = append(r.Primitives, primitive{ed, round, 30}, primitive{hmacSHA256, round, 1}, primitive{"sha-256 post-1m", round, 700})
	}
	return r
}

func TestGoals(t *testing.T) {
	want := map[string]goal{
		"CPU, bearer / stock, POST 1 KiB, 16 connections":                        {Value: "1.25", Met: false}, // of 0.5 and 2
		"CPU, hmac / stock, POST 1 KiB, 16 connections":                          {Value: "1.10", Met: false},
		"CPU, (ed25519 − stock) / one signature, POST 1 KiB, 16 connections":     {Value: "1.03", Met: true},
		"CPU, ed25519 / nginx with Lua, POST 1 KiB, 16 connections":              {Value: "1.46", Met: false},
		"added p50, hmac, POST 1 KiB, 1 connection":                              {Value: "10 µs", Met: true},
		"added p50, ed25519, POST 1 KiB, 1 connection":                           {Value: "31 µs", Met: true},
		"throughput, digest / (stock + one SHA-256), POST 1 MiB, 16 connections": {Value: "0.26", Met: false}, // (100 + 700/2) / 1750
		"throughput, bearer / stock, POST 1 MiB, 16 connections":                 {Value: "1.25", Met: true},
	}
	got := invented().goals()
	if len(got) != len(want) {
		t.Errorf("%d goals, want %d", len(got), len(want))
	}
	for _, g := range got {
		if w := want[g.What]; w.Value != g.Value || w.Met != g.Met {
			t.Errorf("%s: %s, met: %t, want %+v", g.What, g.Value, g.Met, w)
		}
	}
}

// What is not there is named, and not left out.
func TestMarkdown(t *testing.T) {
	text := invented().markdown(nil)
	for _, want := range []string{
		"**Not installed:** Node hmac-sha256 (apt-get install nodejs).",
		"| Node hmac-sha256 | not installed |",
		"| HAProxy hmac-sha256 | not measured: the body would not fit its buffers |",
		"| partnersign bearer | 12500 | 1.25 | 125 | 250 | 125.0 | 1.25 | 64 | 6 |",
		"| a signature with ed25519 | 30.0 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestPlots(t *testing.T) {
	plots := invented().plots()
	if len(plots) != len(plotted) {
		t.Errorf("%d plots", len(plots))
	}
	for _, p := range plots {
		rects := 0
		d := xml.NewDecoder(strings.NewReader(p.svg))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", p.file, err, p.svg)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
				rects++
			}
		}
		if rects != 1+6+6 { // the ground, and the targets of two workloads
			t.Errorf("%s has %d rectangles", p.file, rects)
		}
	}
	if svg := plot("a<b", []panel{{"&", []bar{{"\"x", 0, 0, 0, stock}}}}); !strings.Contains(svg, "a&lt;b") || strings.Contains(svg, "NaN") {
		t.Error(svg)
	}
}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{0: nil, 3: {3}, 2.5: {4, 1}, 2: {9, 2, 1}} {
		if got := median(values); got != want {
			t.Errorf("%v: %v, want %v", values, got, want)
		}
	}
}
