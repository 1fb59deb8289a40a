package caddymodule

import (
	"errors"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/partnersign/partnersign/signer/capture"
)

// The metrics. They are made once, because Caddy has a new registry for every
// configuration and counters must not begin anew with it. Labels are partners'
// names and words of closed sets. A process may have thousands of partners, so
// what all of them have is one histogram with few buckets each, and how long
// steps take, which depends on keys and hashes, is told of all together.
var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_requests_total",
		Help: "Attempts to have a request answered, by partner and outcome.",
	}, []string{"partner", "outcome"})
	sentTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_sent_total",
		Help: "How often a signed request was sent, the same one again included, by partner.",
	}, []string{"partner"})
	answersTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_answers_total",
		Help: "Answers of a partner, by partner and status: a class, or a code that says something of its own.",
	}, []string{"partner", "status"})
	answerSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "partnersign_answer_seconds",
		Help:    "What a partner took to answer a request that was sent, until the answer's headers, by partner.",
		Buckets: []float64{0.05, 0.25, 1, 5, 30},
	}, []string{"partner"})
	stepSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "partnersign_step_seconds",
		Help:    "What was done with a request before it was sent, of all partners, by step.",
		Buckets: []float64{0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10},
	}, []string{"step"})
	challengeSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "partnersign_challenge_seconds",
		Help:    "What the calls to a partner took that a request needed first, by partner.",
		Buckets: prometheus.ExponentialBuckets(0.01, 2, 12),
	}, []string{"partner"})
	problemsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_problems_total",
		Help: "Answers of the proxy's own, by partner and type.",
	}, []string{"partner", "type"})
	reloadsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_file_reloads_total",
		Help: "Changes of key and secret files, by partner and whether the new content is in use.",
	}, []string{"partner", "result"})
	keyWritten = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "partnersign_key_timestamp_seconds",
		Help: "When the file of the signing key in use was written, or the process began if it is from the environment, by partner and use.",
	}, []string{"partner", "use"})
	capturedTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_captured_tokens_total",
		Help: "What happened to tokens that partners tell once, by partner and event.",
	}, []string{"partner", "event"})
	storeErrorsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_store_errors_total",
		Help: "What went wrong with the store of captured tokens, of all partners, by event.",
	}, []string{"event"})
	bodyMemoryBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "partnersign_body_memory_bytes",
		Help: "Bytes of buffered bodies held now, of all partners.",
	}, func() float64 { return float64(bodyMemory.Used()) })
	bodyMemoryLimit = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "partnersign_body_memory_limit_bytes",
		Help: "Bytes of buffered bodies that may be held, of all partners.",
	}, func() float64 { return float64(bodyMemory.Limit()) })
)

// registerMetrics adds the metrics to a configuration's registry.
func registerMetrics(ctx caddy.Context) {
	registry := ctx.GetMetricsRegistry()
	if lastRegistry.Swap(registry) == registry { // by the partner before
		return
	}
	for _, c := range []prometheus.Collector{
		requestsTotal, sentTotal, answersTotal, answerSeconds, stepSeconds, challengeSeconds, problemsTotal, reloadsTotal, keyWritten,
		capturedTotal, storeErrorsTotal, tokenExpiry, tokenRefreshed, tokenRefreshes, bodyMemoryBytes, bodyMemoryLimit, clockSkew,
	} {
		if err := registry.Register(c); err != nil && !errors.As(err, new(prometheus.AlreadyRegisteredError)) {
			ctx.Logger().Error("a metric is missing", zap.Error(err))
		}
	}
}

var lastRegistry atomic.Pointer[prometheus.Registry]

// countStoreError counts what went wrong with the store, whoever has noticed.
func countStoreError(e capture.Event) {
	if errs := storeErrors[e.Kind]; errs != nil {
		errs.Inc()
	}
}

var storeErrors = func() map[capture.Kind]prometheus.Counter {
	errs := map[capture.Kind]prometheus.Counter{}
	for _, kind := range []capture.Kind{capture.Busy, capture.Damaged, capture.StoreFailed, capture.Evicted} {
		errs[kind] = storeErrorsTotal.WithLabelValues(string(kind))
	}
	return errs
}()
