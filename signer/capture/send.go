package capture

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/partnersign/partnersign/signer"
)

// sendRule is the first that fits the request; nil: none.
func (c *Capture) sendRule(r *signer.Request) (*sendRule, values) {
	for i := range c.sends {
		rule := &c.sends[i]
		if !rule.method.Matches(r.Method, r.Path) {
			continue
		}
		if v, ok := rule.path.match(r.Path); ok {
			return rule, v
		}
	}
	return nil, nil
}

// send puts the flow's token on the request, unless the client has sent its own.
func (k *call) send(ctx context.Context, r *signer.Request, rule *sendRule) error {
	own := r.Header[rule.header]
	if i := slices.IndexFunc(own, func(value string) bool { return value != "" }); i >= 0 {
		k.sent, _ = NewToken(own[i]) // what cannot be a token is none of ours
	} else if err := k.sendStored(ctx, r, rule); err != nil {
		return err
	}
	if k.lock == nil && len(k.sent.Reveal()) > 0 && len(k.capture.drops) > 0 {
		r.OnAnswer(func(res *http.Response) bool {
			k.dropAfter(res)
			return false
		})
	}
	return nil
}

func (k *call) sendStored(ctx context.Context, r *signer.Request, rule *sendRule) error {
	c, minting := k.capture, k.lock != nil
	e, err := c.store.Load(ctx, k.flow.key)
	switch {
	case errors.Is(err, ErrNotFound) && minting: // as on every first mint
		return nil
	case errors.Is(err, ErrNotFound):
		c.report(Missing, k.flow, nil)
		return nil
	case errors.Is(err, ErrDamaged) && minting:
		c.report(Damaged, k.flow, err) // and soon replaced
		return nil
	case err != nil:
		return c.failed(ctx, k.flow, err)
	case !r.Now.Before(e.Expires):
		c.report(Expired, k.flow, nil)
		return nil
	}
	r.Set(rule.header, e.Token.Reveal())
	k.sent = e.Token
	c.report(Sent, k.flow, nil)
	return nil
}
