package caddymodule

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/partnersign/partnersign/signer/token"
)

// The metrics of bearer tokens. A source is the host of a token endpoint, or jwt
// for a fixed token that tells its expiry.
var (
	tokenExpiry = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "partnersign_token_expiry_timestamp_seconds",
		Help: "When the bearer token in use expires, by partner and source.",
	}, []string{"partner", "source"})
	tokenRefreshed = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "partnersign_token_last_refresh_timestamp_seconds",
		Help: "When a source gave a bearer token last, by partner and source.",
	}, []string{"partner", "source"})
	tokenRefreshes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "partnersign_token_refreshes_total",
		Help: "Calls for a bearer token and tokens that a partner refused, by partner, source and result.",
	}, []string{"partner", "source", "result"})
)

// expires is told of a fixed token that is near its end, or past it.
func (r *reporter) expires(partner string, left time.Duration) {
	level := zapcore.WarnLevel
	if left < token.Urgent {
		level = zapcore.ErrorLevel
	}
	if c := r.log.Check(level, "a bearer token expires; put a new one in its place"); c != nil {
		c.Write(zap.String("partner", partner), zap.Duration("left", left.Round(time.Second)))
	}
}

// token is told what became of a token that is got from somewhere.
func (r *reporter) token(partner string, e token.Event) {
	tokenRefreshes.WithLabelValues(partner, e.Host, string(e.Result)).Inc()
	gauges.expiry(partner, e.Host, e.Expiry)
	level, what := zapcore.InfoLevel, "a new bearer token is in use"
	switch e.Result {
	case token.Refreshed:
		gauges.refreshed(partner, e.Host)
	case token.Refused:
		level, what = zapcore.WarnLevel, "the partner refused the bearer token, and another will be asked for"
	case token.Failed:
		level, what = zapcore.ErrorLevel, "no bearer token could be had"
	}
	c := r.log.Check(level, what)
	if c == nil {
		return
	}
	fields := []zap.Field{zap.String("partner", partner), zap.String("source", e.Host), zap.Duration("duration", e.Duration)}
	if !e.Expiry.IsZero() {
		fields = append(fields, zap.Time("expiry", e.Expiry))
	}
	if e.Problem != nil {
		fields = append(fields, zap.String("detail", e.Problem.Detail), zap.NamedError("cause", e.Problem.Cause))
	}
	c.Write(fields...)
}
