package caddymodule

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/partnersign/partnersign/signer/config"
)

// report tells how the configuration stands.
func (a *App) report(ctx context.Context) statusReport {
	ready := a.readiness.report(ctx)
	r := statusReport{Ready: ready.Ready, Loaded: a.status.loaded.UTC(), Missing: ready.Missing, Partners: []partnerStatus{}, Store: a.storeStatus(ctx)}
	now := time.Now()
	for _, w := range a.status.partners {
		p := w.report(now, a.status.loaded)
		of := ready.of(p.Name)
		p.Ready, p.Missing = of.Ready, of.Missing
		r.Partners = append(r.Partners, p)
	}
	slices.SortStableFunc(r.Partners, func(a, b partnerStatus) int { return cmp.Compare(a.Name, b.Name) })
	return r
}

func (w *watchedPartner) report(now, loaded time.Time) partnerStatus {
	p := partnerStatus{Name: w.transport.partnerName(), Upstream: w.transport.upstream.String(), Steps: slices.Clone(w.inventory.Steps)}
	if p.Steps == nil {
		p.Steps = []string{}
	}
	for _, k := range w.inventory.Keys {
		p.Keys = append(p.Keys, keyReport(&k, now, loaded))
	}
	for _, t := range w.inventory.Tokens {
		p.Tokens = append(p.Tokens, tokenReport(&t, now))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.answered.IsZero() {
		p.LastAnswer = &answerStatus{w.answer, w.answered.UTC()}
	}
	if w.skew.Known() {
		p.ClockSkew = &skewStatus{w.skew.Offset.Seconds(), w.skew.Uncertainty.Seconds(), w.skewed.UTC()}
	}
	for _, e := range w.problems {
		p.Problems = append(p.Problems, e.report())
	}
	slices.SortFunc(p.Problems, func(a, b eventStatus) int { return b.Last.Compare(a.Last) })
	return p
}

func (e lastEvent) report() eventStatus { return eventStatus{e.kind, e.count, e.at.UTC()} }

func keyReport(k *config.KeyUse, now, loaded time.Time) keyStatus {
	reading := k.Key.Look(now)
	s := keyStatus{
		Use: k.Use, Reference: k.Reference, KeyID: cmp.Or(k.KeyID, reading.KeyID),
		Algorithm: k.Key.Algorithm(), Thumbprint: reading.Thumbprint, Since: reading.Since.UTC(),
	}
	if s.Since.IsZero() {
		s.Since = loaded
	}
	if reading.Err != nil {
		s.Problem = reading.Err.Error()
	}
	return s
}

func tokenReport(t *config.TokenUse, now time.Time) tokenStatus {
	state := t.State(now)
	s := tokenStatus{Source: t.Source, Expires: optional(state.Expiry), Last: string(state.Last), At: optional(state.At), Problem: state.Problem}
	if state.Err != nil {
		s.Problem = state.Err.Error()
	}
	return s
}

// optional is a time, or nil for the zero one.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Round(0)
	return &t
}

func (a *App) storeStatus(ctx context.Context) storeStatus {
	s := storeStatus{Kind: "memory"}
	if a.Persist != nil {
		s.Kind = "storage"
	}
	if counter, ok := a.tokens.(interface {
		Count(context.Context) (int, error)
	}); ok {
		if n, err := counter.Count(ctx); err == nil {
			s.Entries = &n
		}
	}
	if e := a.status.storeError(); e.count > 0 {
		last := e.report()
		s.LastError = &last
	}
	return s
}
