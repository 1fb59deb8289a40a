package token

import (
	"context"
	"net/http"

	"github.com/partnersign/partnersign/signer"
)

// answered reports whether the request shall be sent again with another token.
func (c *Cache) answered(ctx context.Context, r *signer.Request, t *issued, res *http.Response) bool {
	if res == nil || res.StatusCode != http.StatusUnauthorized {
		if res != nil && res.StatusCode < 400 && !t.accepted.Load() {
			t.accepted.Store(true)
		}
		return false
	}
	forgotten, renew := t.entry.forget(t)
	if forgotten {
		c.observe(Event{Host: c.Host(), Result: Refused})
	}
	if !renew || r.Body == nil { // a streamed body is gone
		return false
	}
	other, _, err := c.get(ctx, c.now())
	return err == nil && other.header != t.header
}
