package token

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

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
