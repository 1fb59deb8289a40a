package caddymodule_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/partnersign/partnersign/caddymodule"
	"github.com/partnersign/partnersign/signer"
)

// metered is what a request leaves behind that was sent with everything.
var metered = &signer.Record{
	Outcome: signer.Answered, Status: 200, Attempts: 1, Sent: 1, Sending: time.Millisecond, Reading: time.Microsecond,
	Phases: [signer.Phases]time.Duration{1, 1, 1, 1, 1, 1},
}

// Counting allocates nothing, after a partner's first request.
func TestMetricsAllocate(t *testing.T) {
	count := caddymodule.Counts("allocating.example")
	if n := testing.AllocsPerRun(100, func() { count(metered) }); n != 0 {
		t.Errorf("a request allocates %v times to be counted", n)
	}
}

func BenchmarkMetrics(b *testing.B) {
	count := caddymodule.Counts("benchmark.example")
	b.ReportAllocs()
	for b.Loop() {
		count(metered)
	}
}

// What nobody listens to is not hashed.
func TestAudits(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	for lines, want := range map[string]bool{
		"log {\noutput file " + log + "\n}":                                                                         true,
		"log {\noutput file " + log + "\nlevel WARN\n}":                                                             false,
		"log {\noutput file " + log + "\nexclude partnersign.audit\n}":                                              false,
		"log {\nlevel ERROR\noutput file " + log + "\n}\nlog a {\ninclude partnersign\noutput file " + log + "2\n}": true,
	} {
		_, ctx := handler(t, "{\n"+lines+"\n}\n"+site("partner_proxy https://audited.example"))
		if got := caddymodule.Audits(ctx); got != want {
			t.Errorf("%q: audited %t, want %t", lines, got, want)
		}
	}
}

// Thousands of partners that nobody calls have no series but those of their keys.
func TestMetricsOfMany(t *testing.T) {
	blocks := ""
	for i := range 200 {
		blocks += fmt.Sprintf("handle /%d/* {\npartner_proxy https://many-%d.example {\nname many-%d\n}\n}\n", i, i, i)
	}
	_, ctx := handler(t, site(blocks))
	gathered, err := ctx.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range gathered {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "partner" && label.GetValue() == "many-7" {
					t.Errorf("%s has a partner that nobody has called", family.GetName())
				}
			}
		}
	}
}
