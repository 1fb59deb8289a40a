package caddymodule

import (
	"encoding/hex"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/partnersign/partnersign/signer"
)

// auditLog names the logger of the audit line.
type auditLog struct{}

func (auditLog) CaddyModule() caddy.ModuleInfo { return caddy.ModuleInfo{ID: "partnersign.audit"} }

// audited reports whether anybody reads the audit line. That does not change as
// long as a configuration lives.
func (r *reporter) audited() bool { return r.audit.Core().Enabled(zapcore.InfoLevel) }

// signed writes the audit line of a signed request.
func (r *reporter) signed(rec *signer.Record) {
	c := r.audit.Check(zapcore.InfoLevel, "signed")
	if c == nil {
		return
	}
	c.Write(
		zap.String("partner", rec.Partner),
		zap.String("method", rec.Method),
		zap.String("path", rec.Path),
		zap.Strings("key_ids", rec.KeyIDs),
		zap.Array("signatures", signatures(rec.Signatures)),
		zap.String("content_digest", rec.Digest),
		zap.String("idempotency_key", rec.IdempotencyKey),
		zap.Int("attempts", rec.Attempts),
		zap.String("outcome", string(rec.Outcome)),
		zap.Int("status", rec.Status),
		zap.Duration("duration", rec.Duration),
	)
}

type signatures []signer.Signed

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (s signatures) MarshalLogArray(array zapcore.ArrayEncoder) error {
	for i := range s {
		if err := array.AppendObject((*signature)(&s[i])); err != nil {
			return err
		}
	}
	return nil
}

type signature signer.Signed

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (s *signature) MarshalLogObject(object zapcore.ObjectEncoder) error {
	object.AddInt("attempt", s.Attempt)
	object.AddString("label", s.Label)
	object.AddString("key_id", s.KeyID)
	object.AddString("key_thumbprint", s.Thumbprint)
	object.AddString("base_sha256", hex.EncodeToString(s.Base[:]))
	return nil
}
