package e2e

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A metricFamily is one metric: as docs/metrics.md has it, or as a process does.
type metricFamily struct {
	Type   string
	Labels map[string][]string // values; of the page: nil where anything may stand
}

func (f metricFamily) labels() []string { return slices.Sorted(maps.Keys(f.Labels)) }

var (
	metricRow   = regexp.MustCompile("(?m)^\\| `(partnersign_[a-z_]+)` \\| (\\w+) \\|([^|]*)\\|")
	metricLabel = regexp.MustCompile("`(\\w+)`(?:: ([^`]+))?")
	metricLine  = regexp.MustCompile(`(?m)^(partnersign_\w+?)(_bucket|_sum|_count)?(?:\{(.*)\})? \S+$`)
	metricType  = regexp.MustCompile(`(?m)^# TYPE (partnersign_\w+) (\w+)$`)
	metricPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// documentedMetrics reads docs/metrics.md.
func documentedMetrics(t testing.TB) map[string]metricFamily {
	t.Helper()
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	families := map[string]metricFamily{}
	for _, row := range metricRow.FindAllStringSubmatch(string(page), -1) {
		f := metricFamily{row[2], map[string][]string{}}
		for _, label := range metricLabel.FindAllStringSubmatch(row[3], -1) {
			var values []string
			if list := strings.TrimSuffix(strings.TrimSpace(label[2]), ","); list != "" && !strings.HasPrefix(list, "see ") {
				values = strings.Split(list, ", ")
			}
			f.Labels[label[1]] = values
		}
		if _, twice := families[row[1]]; twice {
			t.Errorf("%s is there twice", row[1])
		}
		families[row[1]] = f
	}
	if len(families) < 10 {
		t.Fatalf("only %d metrics are found in the page: how is it written?", len(families))
	}
	return families
}

// servedMetrics reads what a process serves.
func servedMetrics(text string) map[string]metricFamily {
	families := map[string]metricFamily{}
	for _, line := range metricType.FindAllStringSubmatch(text, -1) {
		families[line[1]] = metricFamily{line[2], map[string][]string{}}
	}
	for _, line := range metricLine.FindAllStringSubmatch(text, -1) {
		f, ok := families[line[1]]
		if !ok || f.Type != "histogram" {
			f = families[line[1]+line[2]]
		}
		for _, pair := range metricPair.FindAllStringSubmatch(line[3], -1) {
			if name, value := pair[1], pair[2]; name != "le" && !slices.Contains(f.Labels[name], value) {
				f.Labels[name] = append(f.Labels[name], value)
			}
		}
	}
	return families
}
