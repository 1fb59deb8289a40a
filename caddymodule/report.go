package caddymodule

import (
	"errors"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

// The metrics. They are made once, because Caddy has a new registry for every
// configuration and counters must not begin anew with it. Labels are partners'
// names and words of closed sets.
var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_requests_total",
		Help: "Attempts to have a request answered, by partner and outcome.",
	}, []string{"partner", "outcome"})
	problemsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_problems_total",
		Help: "Answers of the proxy's own, by partner and type.",
	}, []string{"partner", "type"})
	reloadsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_file_reloads_total",
		Help: "Changes of key and secret files, by partner and whether the new content is in use.",
	}, []string{"partner", "result"})
	challengeSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "partnersign_challenge_seconds",
		Help:    "What the calls to a partner took that a request needed first, by partner.",
		Buckets: prometheus.ExponentialBuckets(0.01, 2, 12),
	}, []string{"partner"})
	capturedTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_captured_tokens_total",
		Help: "What happened to tokens that partners tell once, by partner and event.",
	}, []string{"partner", "event"})
	bodyMemoryBytes = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "partnersign_body_memory_bytes",
		Help: "Bytes of buffered bodies held now, of all partners.",
	}, func() float64 { return float64(bodyMemory.Used()) })
)

// A reporter logs, counts and writes the audit line.
type reporter struct {
	log   *zap.Logger
	audit *zap.Logger
}

func newReporter(ctx caddy.Context) *reporter {
	for _, c := range []prometheus.Collector{requestsTotal, problemsTotal, reloadsTotal, challengeSeconds, capturedTotal,
		tokenExpiry, tokenRefreshed, tokenRefreshes, bodyMemoryBytes, clockSkew,
	} {
		if err := ctx.GetMetricsRegistry().Register(c); err != nil && !errors.As(err, new(prometheus.AlreadyRegisteredError)) {
			ctx.Logger().Error("a metric is missing", zap.Error(err))
		}
	}
	return &reporter{log: ctx.Logger(), audit: ctx.Logger(auditLog{})}
}

// auditLog names the logger of the audit line.
type auditLog struct{}

func (auditLog) CaddyModule() caddy.ModuleInfo { return caddy.ModuleInfo{ID: "partnersign.audit"} }

// observe is told what became of an attempt.
func (r *reporter) observe(rec *signer.Record) {
	requestsTotal.WithLabelValues(rec.Partner, string(rec.Outcome)).Inc()
	if rec.Challenge > 0 {
		challengeSeconds.WithLabelValues(rec.Partner).Observe(rec.Challenge.Seconds())
	}
	if rec.Signed {
		if c := r.audit.Check(zapcore.InfoLevel, "signed"); c != nil {
			c.Write(
				zap.String("partner", rec.Partner),
				zap.String("method", rec.Method),
				zap.String("path", rec.Path),
				zap.Strings("key_ids", rec.KeyIDs),
				zap.String("content_digest", rec.Digest),
				zap.String("idempotency_key", rec.IdempotencyKey),
				zap.Int("attempts", rec.Attempts),
				zap.String("outcome", string(rec.Outcome)),
				zap.Int("status", rec.Status),
				zap.Duration("duration", rec.Duration),
			)
		}
	}
	if rec.Problem != nil {
		r.problem(rec)
	}
}

func (r *reporter) problem(rec *signer.Record) {
	problemsTotal.WithLabelValues(rec.Partner, rec.Problem.Name).Inc()
	level := zapcore.InfoLevel // the caller's mistake, and the caller is told
	if rec.Problem.Status >= 500 {
		level = zapcore.ErrorLevel
	}
	if c := r.log.Check(level, rec.Problem.Title); c != nil {
		c.Write(
			zap.String("partner", rec.Partner),
			zap.String("type", rec.Problem.Name),
			zap.Int("status", rec.Problem.Status),
			zap.String("detail", rec.Problem.Detail),
			zap.NamedError("cause", rec.Problem.Cause),
			zap.String("method", rec.Method),
			zap.String("path", rec.Path),
			zap.Int("attempts", rec.Attempts),
		)
	}
}

// captured is told what happens to a token that a partner tells once.
func (r *reporter) captured(partner string, e capture.Event) {
	capturedTotal.WithLabelValues(partner, string(e.Kind)).Inc()
	level := zapcore.DebugLevel
	if e.Err != nil {
		level = zapcore.WarnLevel
	}
	if c := r.log.Check(level, "captured token: "+string(e.Kind)); c != nil {
		c.Write(zap.String("partner", partner), zap.String("flow", e.Flow), zap.Error(e.Err))
	}
}

// reloaded is told of every change of a key or secret file.
func (r *reporter) reloaded(partner, source string, err error) {
	if err != nil {
		reloadsTotal.WithLabelValues(partner, "refused").Inc()
		r.log.Error("a file has changed and cannot be used; a key stays the former one, a secret is not available",
			zap.String("partner", partner), zap.String("source", source), zap.Error(err))
		return
	}
	reloadsTotal.WithLabelValues(partner, "used").Inc()
	r.log.Info("a file has changed and is in use", zap.String("partner", partner), zap.String("source", source))
}
