package caddymodule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/partnersign/partnersign/internal/paint"
)

// text is the report for people, at the time now.
func (r *statusReport) text(now time.Time, colours bool) string {
	s := statusText{paint: paint.Paint(colours), now: now}
	loaded := ""
	if !r.Loaded.IsZero() {
		loaded = "loaded " + s.ago(r.Loaded)
	}
	s.heading(plural(len(r.Partners), "partner"), loaded, s.readiness(r.Ready))
	s.missing(r.Missing)
	for i := range r.Partners {
		s.b.WriteByte('\n')
		s.partner(&r.Partners[i])
	}
	s.b.WriteByte('\n')
	s.heading("captured tokens", "", "")
	s.store(&r.Store)
	return s.b.String()
}

type statusText struct {
	b     strings.Builder
	paint paint.Paint
	now   time.Time
}

func (s *statusText) heading(what string, more ...string) {
	s.b.WriteString(joined(append([]string{s.paint.Bold(what)}, more...), "  ") + "\n")
}

// field is a line below a heading, unless there is nothing to tell.
func (s *statusText) field(name string, parts ...string) {
	if text := joined(parts, ", "); text != "" {
		fmt.Fprintf(&s.b, "  %-7s  %s\n", name, text)
	}
}

// joined leaves out what is empty.
func joined(parts []string, by string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), by)
}

func (s *statusText) readiness(ready bool) string {
	if ready {
		return s.paint.Good("ready")
	}
	return s.paint.Bad("not ready")
}

func (s *statusText) missing(missing []string) {
	for _, m := range missing {
		s.field("missing", s.paint.Bad(m))
	}
}

func (s *statusText) partner(p *partnerStatus) {
	s.heading(p.Name, p.Upstream, s.readiness(p.Ready))
	s.missing(p.Missing)
	s.field("steps", p.Steps...)
	for _, k := range p.Keys {
		s.field("key", k.Use, string(k.Algorithm), k.Reference)
		s.field("", prefixed("id ", printable(k.KeyID)), prefixed("thumbprint ", k.Thumbprint))
		s.field("", "read "+s.ago(k.Since), s.paint.Bad(k.Problem))
	}
	for _, t := range p.Tokens {
		s.field("token", t.Source)
		s.field("", s.expiry(t.Expires), s.last(&t), s.paint.Bad(t.Problem))
	}
	if a := p.LastAnswer; a != nil {
		s.field("answer", fmt.Sprint(a.Status), s.ago(a.At))
	}
	if c := p.ClockSkew; c != nil {
		s.field("clock", fmt.Sprintf("partner's %+.1fs ± %.1fs", c.Offset, c.Uncertainty), s.ago(c.At))
	}
	for _, e := range p.Problems {
		s.field("problem", s.event(&e))
	}
}

func (s *statusText) store(store *storeStatus) {
	entries := "not known how many"
	if store.Entries != nil {
		entries = fmt.Sprint(*store.Entries)
	}
	s.field("kept", entries, "in the "+store.Kind)
	if store.LastError != nil {
		s.field("problem", s.event(store.LastError))
	}
}

func (s *statusText) event(e *eventStatus) string {
	return s.paint.Warn(e.Type) + ", " + plural(e.Count, "time") + ", last " + s.ago(e.Last)
}

func (s *statusText) expiry(at *time.Time) string {
	switch {
	case at == nil:
		return ""
	case at.Before(s.now):
		return s.paint.Bad("expired " + s.ago(*at))
	}
	return "expires in " + about(at.Sub(s.now))
}

// last is what became of a token that is got from somewhere.
func (s *statusText) last(t *tokenStatus) string {
	switch {
	case t.At != nil:
		return t.Last + " " + s.ago(*t.At)
	case strings.HasPrefix(t.Source, "{"):
		return ""
	}
	return "none asked for yet"
}

func (s *statusText) ago(t time.Time) string { return about(s.now.Sub(t)) + " ago" }

// about is a span of time as people say it.
func about(d time.Duration) string {
	switch d = d.Abs(); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
