package token

import (
	"context"
	"errors"

	"github.com/partnersign/partnersign/signer"
)

// A Bearer is a token and the requests that it is for. It has a Token or a
// Cache.
type Bearer struct {
	// Token is a fixed token. An error of it that is a *signer.Problem is what
	// the client is told.
	Token signer.Value
	// Cache is where the token is kept that a Source gives.
	Cache *Cache
	// On selects the requests. The zero value: all.
	On signer.Match
}

// Bearers is the step that sets Authorization: Bearer with the first token
// that is for the request. A request that none is for goes without.
//
// A token from a Cache that the partner refuses with 401 is renewed and the
// request sent once more, if its body is held: one that is streamed, because no
// step needs it and no retry is for it, is gone.
type Bearers struct{ Tokens []Bearer }

// Phase implements signer.Step.
func (*Bearers) Phase() signer.Phase { return signer.PhaseCredentials }

// Owns implements signer.Step.
func (*Bearers) Owns() []string { return []string{"Authorization"} }

// NeedsBody implements signer.Step. The chance of a 401 is no reason to hold a
// body.
func (*Bearers) NeedsBody(*signer.Request) bool { return false }

// Apply implements signer.Step.
func (s *Bearers) Apply(ctx context.Context, r *signer.Request) error {
	for i := range s.Tokens {
		b := &s.Tokens[i]
		if !b.On.Matches(r.Method, r.Path) {
			continue
		}
		if b.Cache != nil {
			return b.Cache.apply(ctx, r)
		}
		value, err := b.Token.Value(r.Now)
		if err != nil {
			return unavailableToken(err)
		}
		r.Set("Authorization", "Bearer "+value)
		return nil
	}
	return nil
}

func unavailableToken(err error) error {
	if problem, ok := errors.AsType[*signer.Problem](err); ok {
		return problem
	}
	return signer.CredentialUnavailable.Problem("the bearer token is not available; the proxy's log says why").Because(err)
}
