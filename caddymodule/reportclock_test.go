package caddymodule

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/partnersign/partnersign/signer"
)

// A clockWatch is a reporter and what it has logged since the last look.
type clockWatch struct {
	*clockReporter
	t    *testing.T
	logs *observer.ObservedLogs
}

func newClockWatch(t *testing.T, limit time.Duration) *clockWatch {
	core, logs := observer.New(zap.DebugLevel)
	t.Cleanup(func() { clockSkew.DeleteLabelValues(t.Name()) })
	return &clockWatch{newClockReporter(zap.New(core), t.Name(), limit), t, logs}
}

// sees checks what is logged of an answer: levels, and parts of the message.
func (w *clockWatch) sees(status int, offset, uncertainty time.Duration, level string, parts ...string) {
	w.t.Helper()
	w.observe(&signer.Record{Status: status, Skew: signer.Skew{Offset: offset, Uncertainty: uncertainty}})
	var levels, text strings.Builder
	for _, entry := range w.logs.TakeAll() {
		levels.WriteString(entry.Level.String())
		fmt.Fprintf(&text, "%s %v", entry.Message, entry.ContextMap())
	}
	if levels.String() != level {
		w.t.Errorf("%d, %v: logged %q %s, want %q", status, offset, &levels, &text, level)
	}
	if level != "" {
		parts = append(parts, "partner:"+w.t.Name())
	}
	for _, part := range parts {
		if !strings.Contains(text.String(), part) {
			w.t.Errorf("%d, %v: logged %s, want %q in it", status, offset, &text, part)
		}
	}
}

// value is the metric's; false: there is none.
func (w *clockWatch) value() (float64, bool) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(clockSkew)
	families, err := registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if metric.GetLabel()[0].GetValue() == w.t.Name() {
				return metric.GetGauge().GetValue(), true
			}
		}
	}
	return 0, false
}

const half = time.Second / 2

func TestClockReporter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newClockWatch(t, 0)
		w.sees(200, 0, 0, "") // no Date
		w.sees(200, time.Minute, time.Hour, "")
		if got, ok := w.value(); ok {
			t.Errorf("the skew is %v, and nobody knows", got)
		}
		w.sees(200, 5*time.Second+half, half, "") // not for certain
		if got, _ := w.value(); got != 5.5 {
			t.Errorf("the skew is %v", got)
		}
		w.sees(200, -42*time.Second, half, "warn", "42s behind this machine's", "to come from the future", "check this machine's clock first")
		w.sees(200, -42*time.Second, half, "")
		w.sees(403, -42*time.Second, half, "warn", "refused a request with 403")
		w.sees(401, -42*time.Second, half, "")
		time.Sleep(clockSkewEvery - 1)
		w.sees(200, -42*time.Second, half, "")
		time.Sleep(time.Nanosecond)
		w.sees(200, time.Hour, half, "warn", "1h0m0s ahead of this machine's", "old and over early")
		w.sees(200, time.Second, time.Minute, "") // it may still be wrong
		w.sees(200, time.Second, half, "info", "agree again")
		w.sees(200, time.Second, half, "")
		if got, _ := w.value(); got != 1 {
			t.Errorf("the skew is %v", got)
		}
		w.sees(200, time.Hour, half, "") // it has been said a moment ago
		w.sees(200, 0, half, "")         // and so has this
		time.Sleep(clockSkewEvery)
		w.sees(401, -time.Hour, 10*time.Minute, "warn", "refused a request with 401") // a slow answer that is wrong enough
		w.sees(200, -time.Hour, half, "")
	})
}

func TestClockReporterLimit(t *testing.T) {
	w := newClockWatch(t, time.Minute)
	w.sees(200, time.Minute, half, "")
	w.sees(200, time.Minute+2*half, half, "warn")
}

// What every answer costs.
func BenchmarkClockReporter(b *testing.B) {
	r := newClockReporter(zap.NewNop(), "bench", 0)
	rec := &signer.Record{Status: 200, Skew: signer.Skew{Offset: time.Hour, Uncertainty: half}}
	b.ReportAllocs()
	for b.Loop() {
		r.observe(rec)
	}
}
