package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

// A reporter logs, counts and writes the audit line.
type reporter struct {
	log   *zap.Logger
	audit *zap.Logger
}

func newReporter(ctx caddy.Context) *reporter {
	registerMetrics(ctx)
	return &reporter{log: ctx.Logger(), audit: ctx.Logger(auditLog{})}
}

// observe is told what became of an attempt.
func (r *reporter) observe(rec *signer.Record) {
	if rec.Signed {
		r.signed(rec)
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
	countStoreError(e)
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
