package main

import (
	"slices"
)

// Results are everything that a run found out.
type results struct {
	Machine      machine
	Options      options
	Missing      []missing
	Primitives   []primitive
	Measurements []measurement
	Many         []many `json:",omitempty"`
}

// A missing target was asked for and is not installed.
type missing struct{ Target, Install string }

// values are one figure of a target under a workload, by round.
func (r *results) values(target, workload string, figure func(measurement) float64) (all []float64) {
	for _, m := range r.Measurements {
		if m.Target == target && m.Workload == workload {
			all = append(all, figure(m))
		}
	}
	return all
}

// median of no values is 0.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// ratio is the median of the ratios within each round; 0 if there are none.
func (r *results) ratio(target, base, workload string, figure func(measurement) float64) float64 {
	return median(quotients(r.values(target, workload, figure), r.values(base, workload, figure)))
}

func quotients(above, below []float64) (all []float64) {
	for i := range min(len(above), len(below)) {
		if below[i] > 0 {
			all = append(all, above[i]/below[i])
		}
	}
	return all
}

// The figures of a measurement.
func rpsOf(m measurement) float64  { return m.RPS }
func p50Of(m measurement) float64  { return m.P50 }
func p99Of(m measurement) float64  { return m.P99 }
func cpuOf(m measurement) float64  { return m.CPU }
func peakOf(m measurement) float64 { return float64(m.Peak) / mib }

// primitiveOf is the median cost of a primitive in microseconds.
func (r *results) primitiveOf(name string) float64 {
	var all []float64
	for _, p := range r.Primitives {
		if p.Name == name {
			all = append(all, p.Microseconds)
		}
	}
	return median(all)
}
