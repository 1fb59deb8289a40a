package main

import "fmt"

// A goal is a bound that partnersign is held to.
type goal struct {
	What  string
	Bound string
	Value string
	Met   bool
}

// goals compares what was measured with what is wanted. What was not measured
// is left out.
func (r *results) goals() []goal {
	g := goalList{results: r}
	for _, c := range r.Options.Connections {
		w := fmt.Sprintf("post-1k-c%d", c)
		at := fmt.Sprintf(", POST 1 KiB, %d connections", c)
		g.atMost("CPU, bearer / stock"+at, 1, r.ratio("bearer", "stock", w, cpuOf))
		g.atMost("CPU, hmac / stock"+at, 1, r.ratio("hmac", "stock", w, cpuOf))
		if one := r.primitiveOf(ed); one > 0 {
			g.atMost("CPU, (ed25519 − stock) / one signature"+at, 1.05, median(r.differences("ed25519", "stock", w, cpuOf))/one)
		}
		g.atMost("CPU, ed25519 / nginx with Lua"+at, 1, r.ratio("ed25519", "nginx-lua-ed25519", w, cpuOf))
	}
	for _, name := range []string{"hmac", "ed25519"} {
		if added := r.differences(name, "stock", "post-1k-c1", p50Of); len(added) > 0 {
			bound := r.primitiveOf(targetOf(name).expect.algorithm) + 20
			g.add(goal{"added p50, " + name + ", POST 1 KiB, 1 connection",
				fmt.Sprintf("≤ %.0f µs (primitive + 20)", bound), fmt.Sprintf("%.0f µs", median(added)), median(added) <= bound})
		}
	}
	for _, c := range r.Options.Connections {
		w := fmt.Sprintf("post-1m-c%d", c)
		at := fmt.Sprintf(", POST 1 MiB, %d connections", c)
		g.atLeast("throughput, digest / (stock + one SHA-256)"+at, 0.9, median(r.digestThroughput(w)))
		g.atLeast("throughput, bearer / stock"+at, 0.95, r.ratio("bearer", "stock", w, rpsOf))
	}
	for _, c := range r.Options.Connections {
		g.atLeast(fmt.Sprintf("throughput, bearer / stock, POST 16 MiB in chunks, %d connections", c), 0.95,
			r.ratio("bearer", "stock", fmt.Sprintf("stream-c%d", c), rpsOf))
	}
	return g.all
}

// digestThroughput compares the throughput with a digest with that of stock on
// whose cores one SHA-256 of each body is computed besides.
func (r *results) digestThroughput(workload string) (all []float64) {
	hash := r.primitiveOf("sha-256 post-1m") / 1e6
	cores := float64(r.Machine.ProxyCores)
	digest := r.values("digest", workload, rpsOf)
	for i, rps := range r.values("stock", workload, rpsOf) {
		if i < len(digest) && rps > 0 && hash > 0 {
			all = append(all, digest[i]*(1/rps+hash/cores))
		}
	}
	return all
}

// differences of a figure within each round.
func (r *results) differences(target, base, workload string, figure func(measurement) float64) (all []float64) {
	below := r.values(base, workload, figure)
	for i, value := range r.values(target, workload, figure) {
		if i < len(below) {
			all = append(all, value-below[i])
		}
	}
	return all
}

type goalList struct {
	*results
	all []goal
}

func (g *goalList) add(one goal) { g.all = append(g.all, one) }

// atMost and atLeast leave out what is 0, and so was not measured.
func (g *goalList) atMost(what string, bound, value float64) {
	if value != 0 {
		g.add(goal{what, fmt.Sprintf("≤ %.2f", bound), fmt.Sprintf("%.2f", value), value <= bound})
	}
}

func (g *goalList) atLeast(what string, bound, value float64) {
	if value != 0 {
		g.add(goal{what, fmt.Sprintf("≥ %.2f", bound), fmt.Sprintf("%.2f", value), value >= bound})
	}
}
