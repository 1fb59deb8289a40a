package token

import (
	"sync/atomic"
	"time"
)

// An issued token is one that is in use. It is only ever behind a pointer, so
// that nothing prints it.
type issued struct {
	entry     *entry
	header    string // of Authorization
	expiry    time.Time
	refreshAt time.Time // from then on another is asked for
	deadAt    time.Time // from then on it is not sent
	accepted  atomic.Bool
}

const (
	// maxAhead is how long before its end a token is refreshed, if that is not
	// more than a fifth of its life.
	maxAhead = 5 * time.Minute
	// maxMargin is how long before its end a token is no longer sent, if that
	// is not more than a tenth of its life: clocks differ, and requests travel.
	maxMargin = 10 * time.Second
)

// issue makes a token of e of one that was asked for at the time now.
func (e *entry) issue(t Token, now time.Time) *issued {
	life := t.Expiry.Sub(now)
	expiry := now.Add(life) // by the monotonic clock, too
	return &issued{
		entry:     e,
		header:    "Bearer " + t.Value,
		expiry:    expiry,
		refreshAt: expiry.Add(-min(maxAhead, life/5)),
		deadAt:    expiry.Add(-min(maxMargin, life/10)),
	}
}

// isBefore reports whether both clocks say that now is before t. The wall clock
// can be set back, and the monotonic one stands still while the machine is
// suspended: neither may keep a token for longer than it lives.
func isBefore(now, t time.Time) bool {
	return now.Before(t) && now.Round(0).Before(t.Round(0))
}
