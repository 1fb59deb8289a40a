package token

import (
	"context"
	"errors"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// fetchTimeout is what a source may take.
const fetchTimeout = 10 * time.Second

// fetch asks for a token. Its context is not a client's: what that carries would
// send the request to the partner, and its end is not the end of this.
func (c *Cache) fetch(ctx context.Context, l *lookup, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	begin, now := time.Now(), c.now()
	event := Event{Host: c.Host(), Result: Refreshed}
	var t *issued
	token, err := l.fetch(ctx, now)
	if err == nil {
		if unfit := token.check(now); unfit != nil {
			err = noToken(c.Host(), unfit.Error())
		}
	}
	if err == nil {
		t, event.Expiry = l.entry.issue(token, now), token.Expiry
	} else {
		event.Result, event.Problem = Failed, c.problem(err, "it failed; the proxy's log says why")
		if old := l.entry.current.Load(); old != nil {
			event.Expiry = old.expiry
		}
	}
	event.Duration = time.Since(begin)
	c.observe(event) // before any request goes on with what it tells
	l.entry.land(f, t, event.Problem)
}

// problem is what clients are told of an error.
func (c *Cache) problem(err error, why string) *signer.Problem {
	if problem, ok := errors.AsType[*signer.Problem](err); ok {
		return problem
	}
	return noToken(c.Host(), why).Because(err)
}
