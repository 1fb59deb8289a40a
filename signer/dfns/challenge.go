package dfns

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A Caller makes a call to Dfns on behalf of r, with the credentials of r, a
// nonce and an API signature of its own, and Content-Type application/json. It
// neither follows redirects nor repeats the call. The answer's body is closed by
// whom it is given.
//
// An error that is a *signer.Problem says that the call cannot be made, and is
// what the client is told. Any other is taken for a failure of the network, and
// the call may be made again.
type Caller func(ctx context.Context, r *signer.Request, method, path string, body []byte) (*http.Response, error)

// A call is one of the two of a challenge, and what to look at when Dfns does
// not like it.
type call struct{ path, advice string }

var (
	initCall   = call{"/auth/action/init", "the method, the path and the body must be those of a call that Dfns has"}
	actionCall = call{"/auth/action", "the credential must be active, and its key the one that Dfns knows"}
)

func (c call) String() string { return "POST " + c.path }

const (
	maxRestarts = 2                      // of a challenge
	firstPause  = 100 * time.Millisecond // before the first, four times that before the second
	maxPause    = 5 * time.Second        // that Dfns may ask for; more is left to the client
)

// authorise gets a token for what question is about. A challenge is good for one
// answer, so each try is a challenge of its own.
func (u *UserAction) authorise(ctx context.Context, r *signer.Request, question []byte) (string, error) {
	pause := firstPause
	for restarts := 0; ; restarts++ {
		token, again, err := u.challenge(ctx, r, question)
		if err == nil || !again || restarts == maxRestarts {
			return token, err
		}
		wait := max(retryAfterOf(err), pause/2+rand.N(pause))
		if wait > maxPause || !r.Deadline.IsZero() && time.Until(r.Deadline) < wait {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(wait):
		}
		pause *= 4
	}
}

// challenge is one try. again reports that another may go better.
func (u *UserAction) challenge(ctx context.Context, r *signer.Request, question []byte) (token string, again bool, _ error) {
	data, again, err := u.post(ctx, r, initCall, question)
	if err != nil {
		return "", again, err
	}
	challenge, err := parseChallenge(data)
	if err != nil {
		return "", false, unusable(initCall, err)
	}
	if !challenge.allows(u.credential.id) {
		return "", false, signer.CredentialUnavailable.Problem("Dfns does not take the configured credential from the token's user; activate it at Dfns, or configure a credential and a token of the same user")
	}
	signing := credential{u.credential.id, u.credential.key.Current(r.Now)} // one key for the audit and the signature
	body, err := signing.answer(challenge, r.Now)
	if err != nil {
		return "", false, err
	}
	r.Signed(headerUserAction, signing.id, signing.key, appendClientData(nil, challenge.Text))
	if data, again, err = u.post(ctx, r, actionCall, body); err != nil {
		return "", again, err
	}
	if token, err = parseToken(data); err != nil {
		return "", false, unusable(actionCall, err)
	}
	return token, false, nil
}

// answer is the body of POST /auth/action.
func (c *credential) answer(to *challenge, now time.Time) ([]byte, error) {
	body := make([]byte, 0, 2048)
	body = append(body, `{"challengeIdentifier":`...)
	body = appendString(body, to.ID)
	body = append(body, `,"firstFactor":`...)
	body, err := c.appendAssertion(body, to.Text, now)
	return append(body, '}'), err
}

// post makes a call and returns what it was answered with.
func (u *UserAction) post(ctx context.Context, r *signer.Request, c call, body []byte) (data []byte, again bool, _ error) {
	res, err := u.caller(ctx, r, http.MethodPost, c.path, body)
	if err == nil {
		data, err = readAnswer(res)
	}
	var problem *signer.Problem
	switch {
	case err == nil && res.StatusCode/100 == 2:
		return data, false, nil
	case err == nil:
		problem, again = refused(c, res, data, r.Now)
		return nil, again, problem
	case ctx.Err() != nil:
		return nil, false, context.Cause(ctx)
	case errors.As(err, &problem):
		return nil, false, problem
	case err == errAnswerSize:
		return nil, false, unusable(c, err)
	}
	return nil, true, ChallengeFailed.Problem("Dfns did not answer %s; try again", c).Because(err)
}
