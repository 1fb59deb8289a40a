package dfns

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// UserActionOptions describe how writes are authorised. CredentialID and Key
// are required.
type UserActionOptions struct {
	// CredentialID is what Dfns calls the credential: cr-….
	CredentialID string
	// Key is the credential's private key, with one of CredentialAlgorithms.
	Key *keys.Key
	// Unsigned are calls that need no user action, besides UnsignedCalls.
	Unsigned []signer.Match
	// KeepClientToken passes on the X-DFNS-USERACTION of a client, such as an
	// end user's own, and asks for none then. Default: it is removed.
	KeepClientToken bool
	// Call makes the calls to Dfns. Default: signer.Request.Call.
	Call Caller
}

// UserAction is the step that sets X-DFNS-USERACTION: the token that authorises
// one write, which it asks Dfns for.
type UserAction struct {
	credential credential
	unsigned   []signer.Match
	keep       bool
	caller     Caller
}

// NewUserAction makes the step, or says what is wrong with its options.
func NewUserAction(o UserActionOptions) (*UserAction, error) {
	switch {
	case !isPrintable(o.CredentialID):
		return nil, errors.New("credential takes the id that Dfns gave it, such as cr-6uunn-bm6ja-f6rmod5kqrk5rbel")
	case o.Key == nil:
		return nil, errors.New("a credential needs its private key")
	case !slices.Contains(CredentialAlgorithms(), o.Key.Algorithm()):
		return nil, fmt.Errorf("no Dfns credential signs with %s: use an Ed25519, P-256, secp256k1 or RSA key", o.Key.Algorithm())
	}
	if o.Call == nil {
		o.Call = func(ctx context.Context, r *signer.Request, method, path string, body []byte) (*http.Response, error) {
			return r.Call(ctx, method, path, body)
		}
	}
	u := &UserAction{
		credential: credential{o.CredentialID, o.Key},
		unsigned:   slices.Clone(o.Unsigned),
		keep:       o.KeepClientToken,
		caller:     o.Call,
	}
	for _, c := range UnsignedCalls() {
		m, err := c.Match()
		if err != nil {
			return nil, err
		}
		u.unsigned = append(u.unsigned, m)
	}
	return u, nil
}

// Phase implements signer.Step.
func (*UserAction) Phase() signer.Phase { return signer.PhaseChallenge }

// Owns implements signer.Step.
func (u *UserAction) Owns() []string {
	if u.keep {
		return nil
	}
	return []string{headerUserAction}
}

// NeedsBody implements signer.Step.
func (u *UserAction) NeedsBody(r *signer.Request) bool { return r.ContentLength != 0 && u.signs(r) }

// Apply implements signer.Step. It makes two calls to Dfns, and more when they
// fail in a way that may pass. A method that Dfns does not have is
// signer.InvalidRequest, a body that is no text signer.BodyUnusable; what
// becomes of the calls is one of Kinds or signer.CredentialUnavailable.
func (u *UserAction) Apply(ctx context.Context, r *signer.Request) error {
	switch r.Method {
	case "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE":
	default:
		// It could not be authorised, and must not go out without.
		return signer.InvalidRequest.Problem("Dfns has no %s calls; its API is of GET, POST, PUT and DELETE", r.Method)
	}
	if u.keep && len(r.Header[headerUserAction]) > 1 {
		return signer.InvalidRequest.Problem("the request has more than one X-DFNS-USERACTION")
	}
	if !u.signs(r) {
		return nil
	}
	question, err := initBody(r)
	if err != nil {
		return err
	}
	begin := time.Now()
	token, err := u.authorise(ctx, r, question)
	r.Record.Challenge += time.Since(begin)
	if err != nil {
		return err
	}
	r.Set(headerUserAction, token)
	r.Record.KeyIDs = append(r.Record.KeyIDs, u.credential.id)
	return nil
}

// signs reports whether the request needs a user action of ours.
func (u *UserAction) signs(r *signer.Request) bool {
	switch {
	case r.Method != "POST" && r.Method != "PUT" && r.Method != "DELETE":
		return false
	case u.keep && r.Header.Get(headerUserAction) != "":
		return false
	}
	return !slices.ContainsFunc(u.unsigned, func(m signer.Match) bool { return m.Matches(r.Method, r.Path) })
}
