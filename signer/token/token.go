package token

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// A Bearer is one fixed token and the requests that it is for.
type Bearer struct {
	Token signer.Value
	On    signer.Match // the zero value: all requests
}

// Bearers is the step that sets Authorization: Bearer with the first token
// that is for the request. A request that none is for goes without.
type Bearers struct{ Tokens []Bearer }

// Phase implements signer.Step.
func (*Bearers) Phase() signer.Phase { return signer.PhaseCredentials }

// Owns implements signer.Step.
func (*Bearers) Owns() []string { return []string{"Authorization"} }

// NeedsBody implements signer.Step.
func (*Bearers) NeedsBody(*signer.Request) bool { return false }

// Apply implements signer.Step.
func (s *Bearers) Apply(_ context.Context, r *signer.Request) error {
	for i := range s.Tokens {
		b := &s.Tokens[i]
		if !b.On.Matches(r.Method, r.Path) {
			continue
		}
		value, err := b.Token.Value(r.Now)
		if err != nil {
			return signer.CredentialUnavailable.Problem("the bearer token is not available; the proxy's log says why").Because(err)
		}
		r.Set("Authorization", "Bearer "+value)
		return nil
	}
	return nil
}

// Basic is the step that sets Authorization: Basic.
type Basic struct{ User, Password signer.Value }

// Phase implements signer.Step.
func (*Basic) Phase() signer.Phase { return signer.PhaseCredentials }

// Owns implements signer.Step.
func (*Basic) Owns() []string { return []string{"Authorization"} }

// NeedsBody implements signer.Step.
func (*Basic) NeedsBody(*signer.Request) bool { return false }

// Apply implements signer.Step.
func (s *Basic) Apply(_ context.Context, r *signer.Request) error {
	user, err := s.User.Value(r.Now)
	if err == nil && strings.Contains(user, ":") {
		err = errors.New("a user name of Basic credentials has no colon (RFC 7617 section 2)")
	}
	if err != nil {
		return unavailable(err)
	}
	password, err := s.Password.Value(r.Now)
	if err != nil {
		return unavailable(err)
	}
	r.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	return nil
}

func unavailable(err error) error {
	return signer.CredentialUnavailable.Problem("the partner's user and password are not available; the proxy's log says why").Because(err)
}
