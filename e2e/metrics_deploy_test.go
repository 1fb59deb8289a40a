package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	metricUsed   = regexp.MustCompile(`(partnersign_\w+)(?:\{([^}]*)\})?`)
	metricBucket = regexp.MustCompile(`_(bucket|sum|count)$`)
	labelUsed    = regexp.MustCompile(`(\w+)\s*(!?=~?)\s*"([^"]*)"`)
	groupedBy    = regexp.MustCompile(`by \(([^)]*)\)`)
)

// The dashboard and the alert rules ask for metrics that docs/metrics.md has, which
// TestMetricsPage compares with a process, and for labels and values that those have.
func TestDashboardAndAlerts(t *testing.T) {
	page := documentedMetrics(t)
	expressions := slices.Concat(alertExpressions(t), dashboardExpressions(t))
	if len(expressions) < 30 {
		t.Fatalf("only %d expressions are found", len(expressions))
	}
	used := map[string]bool{}
	for _, expression := range expressions {
		for _, selector := range metricUsed.FindAllStringSubmatch(expression, -1) {
			name := selector[1]
			f, ok := page[name]
			if base := metricBucket.ReplaceAllString(name, ""); !ok && page[base].Type == "histogram" {
				name, f, ok = base, page[base], true
			}
			if !ok {
				t.Errorf("%s is no metric, in %s", name, expression)
				continue
			}
			used[name] = true
			for _, label := range labelUsed.FindAllStringSubmatch(selector[2], -1) {
				values, ok := f.Labels[label[1]]
				if !ok {
					t.Errorf("%s has no label %s, in %s", name, label[1], expression)
				}
				for value := range strings.SplitSeq(label[3], "|") {
					if values != nil && !slices.Contains(values, value) {
						t.Errorf("%s has no %s=%q, in %s", name, label[1], value, expression)
					}
				}
			}
		}
		for _, group := range groupedBy.FindAllStringSubmatch(expression, -1) {
			for label := range strings.SplitSeq(group[1], ", ") {
				if !slices.Contains([]string{"partner", "outcome", "status", "type", "step", "result", "event", "source", "use", "le"}, label) {
					t.Errorf("no metric has a label %s, in %s", label, expression)
				}
			}
		}
	}
	for name := range page {
		if !used[name] {
			t.Errorf("%s is in neither", name)
		}
	}
}

// alertExpressions are those of deploy/alerts.yaml.
func alertExpressions(t *testing.T) (expressions []string) {
	t.Helper()
	data, err := os.ReadFile("../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range strings.Split(string(data), "- alert: ")[1:] {
		_, rule, _ = strings.Cut(rule, "expr: ")
		end := regexp.MustCompile(`(?m)^ {8}\w`).FindStringIndex(rule)
		if end == nil {
			t.Fatalf("no expression in %s", rule)
		}
		expressions = append(expressions, rule[:end[0]])
	}
	return expressions
}

func dashboardExpressions(t *testing.T) (expressions []string) {
	t.Helper()
	data, err := os.ReadFile("../deploy/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	return expressions
}

// Prometheus takes the rules, and they fire when they should and not otherwise.
func TestAlertRules(t *testing.T) {
	needsCommand(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		cmd := exec.Command("promtool", args...)
		cmd.Dir = filepath.Join("..", "deploy")
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
	tested, err := os.ReadFile("../deploy/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile("../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(string(rules), -1) {
		if !strings.Contains(string(tested), rule[1]) {
			t.Errorf("%s is not tested", rule[1])
		}
	}
	// The dashboard's expressions are PromQL, too.
	var recording strings.Builder
	recording.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for _, expression := range dashboardExpressions(t) {
		expression = strings.NewReplacer("$__rate_interval", "5m", "$partner", ".*").Replace(expression)
		text, _ := json.Marshal(expression)
		recording.WriteString("  - record: panel\n    expr: " + string(text) + "\n")
	}
	path := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(path, []byte(recording.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("promtool", "check", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("the dashboard: %v\n%s", err, output)
	}
}
