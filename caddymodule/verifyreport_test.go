package caddymodule_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/partnersign/partnersign/caddymodule"
)

// TestVerifyMetrics has each outcome counted.
func TestVerifyMetrics(t *testing.T) {
	app := newApplication(t)
	h, ctx := handler(t, app.site(""))
	server := httptest.NewServer(h)
	defer server.Close()
	count := func() map[string]float64 {
		gathered, err := ctx.GetMetricsRegistry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]float64{}
		for _, family := range gathered {
			if family.GetName() == "partnersign_webhooks_total" {
				for _, m := range family.GetMetric() {
					for _, label := range m.GetLabel() {
						counts[label.GetName()+"="+label.GetValue()] += m.GetCounter().GetValue()
					}
				}
			}
		}
		return counts
	}
	failing := func() {
		app.status.Store(503)
		postWebhook(t, server, webhook(0))
		app.status.Store(200)
	}
	replayed := webhook(0)
	for _, step := range []struct {
		outcome string
		do      func()
	}{
		{"delivered", func() { postWebhook(t, server, replayed) }},
		{"replayed", func() { postWebhook(t, server, replayed) }},
		{"failed", failing},
		{"unverified", func() { postWebhook(t, server, webhook(0), "X-Dfns-Webhook-Signature: ") }},
		{"stale", func() { postWebhook(t, server, webhook(time.Hour)) }},
		{"refused", func() { send(t, server.Client(), server.URL) }},
		{"unavailable", func() { caddymodule.RememberWebhooks(t, 1); failing(); postWebhook(t, server, webhook(0)) }},
		{"abandoned", func() { _ = dialWebhook(t, server, "", "Content-Length: 9").Close() }},
	} {
		before := count()
		step.do()
		if step.outcome == "unavailable" { // the memory has room for one
			postWebhook(t, server, webhook(0))
		}
		eventually(t, func() bool { return count()["outcome="+step.outcome] == before["outcome="+step.outcome]+1 })
	}
	if counts := count(); len(counts) != 9 || counts["partner=dfns"] == 0 {
		t.Errorf("the labels are %v, want eight outcomes of one partner", counts)
	}
}

// TestVerifyLog searches the log for the secret and for bodies.
func TestVerifyLog(t *testing.T) {
	app := newApplication(t)
	path := filepath.Join(t.TempDir(), "log")
	server := serve(t, "{\nadmin off\nlog {\noutput file "+path+"\nlevel DEBUG\n}\n}\n"+app.site(""))
	body := webhook(0)
	postWebhook(t, server, body)
	postWebhook(t, server, body)
	postWebhook(t, server, webhook(time.Hour))
	postWebhook(t, server, "body-canary")
	postWebhook(t, server, webhook(0), "X-Dfns-Webhook-Signature: canary")
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"webhook-replayed", "webhook-stale", "webhook-unverified", "/webhooks/dfns"} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("%s is not in the log", want)
		}
	}
	if bytes.Contains(log, []byte("canary")) {
		t.Errorf("the log holds the secret or a body: %s", log)
	}
	newContext(t) // logs elsewhere
}
