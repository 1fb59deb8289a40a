package caddymodule

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/partnersign/partnersign/signer"
)

var clockSkew = prometheus.NewGaugeVec(prometheus.GaugeOpts{
	Name: "partnersign_clock_skew_seconds",
	Help: "How far a partner's clock is ahead of this machine's, as its last answer shows, by partner.",
}, []string{"partner"})

const (
	// defaultClockSkewWarning is far above what Date can be wrong by, and below
	// what partners tolerate that allow for clocks at all: FAPI 2.0 has them
	// take what is up to 10 s in the future.
	defaultClockSkewWarning = 5 * time.Second
	// clockSkewEvery is how often it is warned of at most.
	clockSkewEvery = 10 * time.Minute
)

// A clockReporter tells how far a partner's clock is from this machine's.
type clockReporter struct {
	log     *zap.Logger
	partner string
	limit   time.Duration
	gauge   func() prometheus.Gauge // in the metrics from its first value on

	mu      sync.Mutex
	warned  bool      // and it is not known to be right again
	next    time.Time // when it may be warned of again
	refused time.Time // when that may be said again of an answer that refuses
}

func newClockReporter(log *zap.Logger, partner string, limit time.Duration) *clockReporter {
	return &clockReporter{
		log:     log,
		partner: partner,
		limit:   cmp.Or(limit, defaultClockSkewWarning),
		gauge:   sync.OnceValue(func() prometheus.Gauge { return clockSkew.WithLabelValues(partner) }),
	}
}

// observe is told what became of an attempt. What took so long that its Date
// says little counts only if it proves the clocks wrong all the same.
func (r *clockReporter) observe(rec *signer.Record) {
	s := rec.Skew
	beyond := s.Beyond(r.limit)
	if !s.Known() || s.Uncertainty > r.limit && !beyond {
		return
	}
	r.gauge().Set(s.Offset.Seconds())
	switch {
	case beyond:
		r.warn(s, rec.Status)
	case s.Offset.Abs() <= r.limit:
		r.right(s)
	}
}

func (r *clockReporter) warn(s signer.Skew, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, next, also := time.Now(), &r.next, ""
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		next, also = &r.refused, fmt.Sprintf("; this may be why it has refused a request with %d", status)
	}
	if now.Before(*next) {
		return
	}
	r.warned, r.next, *next = true, now.Add(clockSkewEvery), now.Add(clockSkewEvery)
	direction, effect := "ahead of", "old and over early"
	if s.Offset < 0 {
		direction, effect = "behind", "to come from the future"
	}
	r.log.Warn(fmt.Sprintf("the partner's clock is %v %s this machine's: what is signed here looks %s there%s; check this machine's clock first (timedatectl, chronyc tracking)",
		s.Offset.Abs().Round(time.Second), direction, effect, also), r.fields(s)...)
}

func (r *clockReporter) right(s signer.Skew) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.warned {
		r.warned = false
		r.log.Info("the partner's clock and this machine's agree again", r.fields(s)...)
	}
}

func (r *clockReporter) fields(s signer.Skew) []zap.Field {
	return []zap.Field{zap.String("partner", r.partner), zap.Duration("skew", s.Offset), zap.Duration("uncertainty", s.Uncertainty)}
}
