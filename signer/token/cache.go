package token

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// lookInterval is how often a source is asked whether its secrets have changed:
// package keys looks at files as often.
const lookInterval = time.Second

// CacheOptions may all be left out.
type CacheOptions struct {
	// Observe is told what becomes of tokens. It must not block.
	// Default: nobody.
	Observe func(Event)
	// Context is what goes on of a request's context to the call for a token that
	// it begins. Default: nothing.
	Context func(context.Context) context.Context
	// Now is the partner's clock, as in signer.Options. Default: time.Now.
	Now func() time.Time
}

// A Cache has the tokens of a source, for a Bearer. It keeps them for the whole
// process: another Cache with a source of the same settings and secrets has the
// same ones. It prints as the source's host and needs no Close.
//
// A token is refreshed when less than a fifth of its life, at most 5 minutes, is
// left, beside the request that notices. It is not sent when less than a tenth,
// at most 10 seconds, is left.
type Cache struct {
	source  Source
	observe func(Event)
	context func(context.Context) context.Context
	now     func() time.Time
	looked  atomic.Pointer[lookup]
}

// A lookup is where the tokens of a source are since it was last asked.
type lookup struct {
	at    time.Time
	entry *entry
	fetch func(context.Context, time.Time) (Token, error)
}

// NewCache makes a cache of a source's tokens.
func NewCache(s Source, o CacheOptions) *Cache {
	c := &Cache{source: s, observe: o.Observe, context: o.Context, now: o.Now}
	if c.observe == nil {
		c.observe = func(Event) {}
	}
	if c.context == nil {
		c.context = func(context.Context) context.Context { return context.Background() }
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c
}

// Host is the source's.
func (c *Cache) Host() string { return c.source.Host() }

// apply sets the header and watches what the partner says to it.
func (c *Cache) apply(ctx context.Context, r *signer.Request) error {
	t, waited, err := c.get(ctx, r.Now)
	if err != nil {
		return err
	}
	if waited {
		r.Now = c.now() // what is signed next is signed now
	}
	r.Set("Authorization", t.header)
	r.OnAnswer(func(res *http.Response) bool { return c.answered(ctx, r, t, res) })
	return nil
}

// get is a token that can be sent. It waits for one only if there is none.
func (c *Cache) get(ctx context.Context, now time.Time) (_ *issued, waited bool, _ error) {
	l, err := c.lookup(now)
	if err != nil {
		return nil, false, c.problem(err, "a secret that it wants is not available; the proxy's log says why")
	}
	t := l.entry.current.Load()
	if t != nil && isBefore(now, t.refreshAt) {
		return t, false, nil
	}
	f, problem := l.entry.join(t, func(f *flight) { c.fetch(c.context(ctx), l, f) })
	if t != nil && isBefore(now, t.deadAt) {
		return t, false, nil
	}
	if problem != nil {
		return nil, false, problem
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, true, context.Cause(ctx)
	}
	if f.token == nil {
		return nil, true, f.problem
	}
	return f.token, true, nil
}

// lookup finds the tokens for the secrets as they are now.
func (c *Cache) lookup(now time.Time) (*lookup, error) {
	if l := c.looked.Load(); l != nil && now.Sub(l.at).Abs() < lookInterval {
		return l, nil
	}
	grant, err := c.source.Grant(now)
	if err != nil {
		return nil, err
	}
	l := &lookup{now, process.entry(grant.ID), grant.Fetch}
	c.looked.Store(l)
	return l, nil
}
