package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// write prints the report, or puts it into a directory with plots and results.
func write(dir string, r *results) error {
	if dir == "" {
		_, err := os.Stdout.WriteString(r.markdown(nil))
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	plots := r.plots()
	files := map[string]string{"report.md": r.markdown(plots), "results.json": string(raw) + "\n"}
	for _, p := range plots {
		files[p.file] = p.svg
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	progress("the report is in %s", filepath.Join(dir, "report.md"))
	return nil
}

// markdown is the whole report.
func (r *results) markdown(plots []plotFile) string {
	b := new(strings.Builder)
	b.WriteString("# Measurements\n\n")
	r.writeMachine(b)
	r.writeGoals(b)
	for _, w := range r.Options.workloads() {
		r.writeWorkload(b, w)
	}
	r.writePrimitives(b)
	r.writeMany(b)
	if len(plots) > 0 {
		b.WriteString("## Plots\n\n")
	}
	for _, p := range plots {
		fmt.Fprintf(b, "![%s](%s)\n\n", p.title, p.file)
	}
	return b.String()
}

func (r *results) writeMachine(b *strings.Builder) {
	m, o := r.Machine, r.Options
	fmt.Fprintf(b, "%s, %d cores, %s, %s.\n\n", m.CPU, m.Cores, m.Kernel, m.Time.Format("2006-01-02 15:04 MST"))
	for _, tool := range m.Tools {
		fmt.Fprintf(b, "- %s\n", tool)
	}
	fmt.Fprintf(b, "\n%d rounds of %v each, after %v of warming up; the targets alternate within each round, all of them running. "+
		"Cores: %s. Figures are medians of the rounds; ratios are medians of the ratios within each round. "+
		"CPU is user and system time of the proxy's processes per completed request, memory the sum of their peaks (VmHWM). "+
		"Access logs are off, connections are kept alive on both sides. "+
		"In every measurement a sample of the requests was verified as it arrived; an answer other than 200 ends the run.\n\n", o.Rounds, o.Duration, o.WarmUp, m.Pinning)
	for _, one := range r.Missing {
		fmt.Fprintf(b, "**Not installed:** %s (%s).\n\n", targetOf(one.Target).Title, one.Install)
	}
}

func (r *results) writeGoals(b *strings.Builder) {
	goals := r.goals()
	if len(goals) == 0 {
		return
	}
	b.WriteString("## Goals\n\n| | wanted | measured | |\n| --- | --- | --- | --- |\n")
	for _, g := range goals {
		met := "missed"
		if g.Met {
			met = "met"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", g.What, g.Bound, g.Value, met)
	}
	b.WriteString("\n")
}

func (r *results) writePrimitives(b *strings.Builder) {
	b.WriteString("## Primitives\n\nOf Go's standard library, by CPU time, in the same rounds.\n\n| | µs |\n| --- | --- |\n")
	seen := map[string]bool{}
	for _, p := range r.Primitives {
		if !seen[p.Name] {
			seen[p.Name] = true
			fmt.Fprintf(b, "| %s | %.1f |\n", p.Title(), r.primitiveOf(p.Name))
		}
	}
	b.WriteString("\n")
}
