package caddymodule_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/signer"
)

// counted is the value of a counter for a partner in a registry, and how many
// families of ours there are.
func counted(t *testing.T, ctx caddy.Context, name, partner string) (value float64, families int) {
	t.Helper()
	gathered, err := ctx.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range gathered {
		if !strings.HasPrefix(family.GetName(), "partnersign_") {
			continue
		}
		families++
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if family.GetName() == name && label.GetName() == "partner" && label.GetValue() == partner {
					value += metric.GetCounter().GetValue()
				}
			}
		}
	}
	return value, families
}

// TestMetrics has two configurations, as in a reload: each has its own
// registry, several partners in it, and the counters go on.
func TestMetrics(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	config := "{\nlog {\noutput file " + log + "\n}\n}\n" + site(`handle /a/* {
		partner_proxy https://counted.example
	}
	handle {
		partner_proxy https://other.example
	}`)
	refused := func(h *httptest.Server) {
		send(t, h.Client(), h.URL+"/a/b", "Origin: https://evil.example").assertProblem(t, signer.BrowserRefused, "counted.example")
	}
	first, firstContext := handler(t, config)
	server := httptest.NewServer(first)
	defer server.Close()
	before, _ := counted(t, firstContext, "partnersign_requests_total", "counted.example")
	refused(server)
	if after, families := counted(t, firstContext, "partnersign_requests_total", "counted.example"); after != before+1 || families < 3 {
		t.Errorf("one request counted from %v to %v in %d families", before, after, families)
	}

	second, secondContext := handler(t, config)
	reloaded := httptest.NewServer(second)
	defer reloaded.Close()
	refused(reloaded)
	refused(server) // still serves
	for _, ctx := range []caddy.Context{firstContext, secondContext} {
		if after, _ := counted(t, ctx, "partnersign_requests_total", "counted.example"); after != before+3 {
			t.Errorf("three requests counted from %v to %v", before, after)
		}
		if after, _ := counted(t, ctx, "partnersign_problems_total", "counted.example"); after < 3 {
			t.Errorf("three problems counted to %v", after)
		}
	}
	logged, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(logged), signer.BrowserRefused.Title) || strings.Contains(string(logged), "a metric is missing") {
		t.Errorf("the log says %s, %v", logged, err)
	}
}
