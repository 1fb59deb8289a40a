package caddymodule

import (
	"slices"
	"sync"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
	"github.com/partnersign/partnersign/signer/config"
)

// A status is what has become of a configuration since it was loaded. It lives
// and ends with it.
type status struct {
	loaded   time.Time
	partners []*watchedPartner // complete once the configuration is provisioned

	mu    sync.Mutex
	store lastEvent // the last error of the token store
}

// A lastEvent is the last one of its sort. It has no details: nothing that anybody
// has sent is kept.
type lastEvent struct {
	kind  string
	count int
	at    time.Time
}

// A watchedPartner is one block of a partner.
type watchedPartner struct {
	transport *Transport
	inventory config.Inventory

	mu       sync.Mutex
	answer   int // the status of the last answer of the partner
	answered time.Time
	skew     signer.Skew
	skewed   time.Time
	problems []lastEvent // at most one for each of signer.Kinds
}

func (s *status) watch(t *Transport) *watchedPartner {
	w := &watchedPartner{transport: t}
	s.partners = append(s.partners, w)
	return w
}

// captured is told what happens to captured tokens.
func (s *status) captured(e capture.Event) {
	switch e.Kind {
	case capture.StoreFailed, capture.Damaged, capture.Busy:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.store = lastEvent{string(e.Kind), s.store.count + 1, time.Now()}
	}
}

func (s *status) storeError() lastEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store
}

// observe is told what became of an attempt.
func (w *watchedPartner) observe(rec *signer.Record) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if rec.Skew.Known() {
		w.skew, w.skewed = rec.Skew, now
	}
	switch {
	case rec.Problem != nil:
		w.problem(rec.Problem.Name, now)
	case rec.Outcome == signer.Unreached: // which whoever made the connection answers
		w.problem(signer.PartnerUnreachable.Name, now)
	case rec.Outcome == signer.Answered:
		w.answer, w.answered = rec.Status, now
	}
}

func (w *watchedPartner) problem(kind string, now time.Time) {
	i := slices.IndexFunc(w.problems, func(e lastEvent) bool { return e.kind == kind })
	if i < 0 {
		i = len(w.problems)
		w.problems = append(w.problems, lastEvent{kind: kind})
	}
	w.problems[i].count++
	w.problems[i].at = now
}
