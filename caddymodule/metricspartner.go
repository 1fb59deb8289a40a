package caddymodule

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/partnersign/partnersign/signer"
)

// partnerMetrics are what each request of a partner counts, looked up once. They
// appear with the partner's first request: of thousands of partners most may
// have none.
type partnerMetrics struct {
	partner string

	begin     sync.Once
	requests  map[signer.Outcome]prometheus.Counter
	sent      prometheus.Counter
	answers   [len(statuses)]prometheus.Counter
	answer    prometheus.Observer
	challenge func() prometheus.Observer // few partners have any
}

func newPartnerMetrics(partner string) *partnerMetrics { return &partnerMetrics{partner: partner} }

// start makes the counters, those of every outcome with the first: one that
// appeared with its first failure would have Prometheus see no increase.
func (m *partnerMetrics) start() {
	m.requests = make(map[signer.Outcome]prometheus.Counter, len(signer.Outcomes()))
	for _, outcome := range signer.Outcomes() {
		m.requests[outcome] = requestsTotal.WithLabelValues(m.partner, string(outcome))
	}
	for i, status := range statuses {
		m.answers[i] = answersTotal.WithLabelValues(m.partner, status)
	}
	m.sent = sentTotal.WithLabelValues(m.partner)
	m.answer = answerSeconds.WithLabelValues(m.partner)
	m.challenge = sync.OnceValue(func() prometheus.Observer { return challengeSeconds.WithLabelValues(m.partner) })
}

func (m *partnerMetrics) count(o signer.Outcome) {
	m.begin.Do(m.start)
	m.requests[o].Inc()
}

// statuses are the classes of answers, and the codes by which partners refuse
// credentials and signatures, or ask for fewer requests.
var statuses = [...]string{"1xx", "2xx", "3xx", "4xx", "5xx", "401", "403", "429"}

func statusIndex(code int) int {
	switch code {
	case http.StatusUnauthorized:
		return 5
	case http.StatusForbidden:
		return 6
	case http.StatusTooManyRequests:
		return 7
	}
	return min(max(code/100, 1), 5) - 1
}

// observe counts an attempt.
func (m *partnerMetrics) observe(rec *signer.Record) {
	m.count(rec.Outcome)
	if rec.Outcome == signer.Answered {
		m.answers[statusIndex(rec.Status)].Inc()
	}
	if rec.Sent > 0 {
		m.sent.Add(float64(rec.Sent))
		m.answer.Observe(rec.Sending.Seconds())
	}
	if rec.Challenge > 0 {
		m.challenge().Observe(rec.Challenge.Seconds())
		stepOf[signer.PhaseChallenge].Observe(rec.Challenge.Seconds())
	}
	observeStep(stepRead, rec.Reading)
	for phase, took := range rec.Phases {
		if signer.Phase(phase) != signer.PhaseChallenge { // where a request that needs none takes no time
			observeStep(stepOf[phase], took)
		}
	}
}

func observeStep(step prometheus.Observer, took time.Duration) {
	if took > 0 {
		step.Observe(took.Seconds())
	}
}

// The steps: reading the body, and the phases.
var (
	stepRead = stepSeconds.WithLabelValues("read")
	stepOf   = func() (steps [signer.Phases]prometheus.Observer) {
		for i := range steps {
			steps[i] = stepSeconds.WithLabelValues(signer.Phase(i).String())
		}
		return steps
	}()
)
