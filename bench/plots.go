package main

import "fmt"

// A plotFile is a plot and what it is called.
type plotFile struct{ file, title, svg string }

var plotted = []struct {
	name, title string
	figure      func(measurement) float64
}{
	{"cpu", "CPU of the proxy per request, µs", cpuOf},
	{"rps", "Requests per second", rpsOf},
	{"p50", "Median latency, µs", p50Of},
	{"p99", "99th percentile of latency, µs", p99Of},
	{"memory", "Peak memory of the proxy, MiB", peakOf},
}

// plots has one for each figure and number of connections, with a panel for
// each workload.
func (r *results) plots() (all []plotFile) {
	for _, connections := range r.Options.Connections {
		for _, figure := range plotted {
			var panels []panel
			for _, w := range r.Options.workloads() {
				if w.Connections != connections {
					continue
				}
				p := panel{title: w.Title()}
				for _, t := range targets {
					if values := r.values(t.Name, w.ID(), figure.figure); len(values) > 0 {
						p.bars = append(p.bars, barOf(t, values))
					}
				}
				panels = append(panels, p)
			}
			all = append(all, plotFile{fmt.Sprintf("%s-c%d.svg", figure.name, connections), figure.title, plot(figure.title, panels)})
		}
	}
	return all
}
