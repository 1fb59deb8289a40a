package dfns

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// The answers of our own when Dfns does not authorise a write. The write itself
// was not sent. A token that Dfns does not take, and a credential that is not
// the token's, are signer.CredentialUnavailable.
var (
	ChallengeRefused = signer.Kind{Name: "challenge-refused", Status: 403, Title: "Dfns does not authorise the call", ProxyError: "http_request_denied"}
	RateLimited      = signer.Kind{Name: "rate-limited", Status: 429, Title: "Dfns limits the rate of calls", ProxyError: "destination_unavailable"}
	ChallengeFailed  = signer.Kind{Name: "challenge-failed", Status: 502, Title: "The call could not be authorised at Dfns", ProxyError: "http_protocol_error"}
)

// Kinds lists the answers of our own that package signer does not have.
func Kinds() []signer.Kind { return []signer.Kind{ChallengeRefused, RateLimited, ChallengeFailed} }

// refused says what a status other than success means for the write, and
// whether a new challenge may go better.
func refused(c call, res *http.Response, data []byte, now time.Time) (problem *signer.Problem, again bool) {
	said := fmt.Sprintf("Dfns answered %s with status %d", c, res.StatusCode)
	message, id := parseError(data)
	if message = quotable(message); message != "" {
		said += ", saying: " + message
	}
	if id = quotable(id); id != "" {
		said += " (error id " + id + ")"
	}
	switch status := res.StatusCode; {
	case status == http.StatusUnauthorized:
		return signer.CredentialUnavailable.Problem("%s; the token must be valid, and the upstream the region that it is for", said), false
	case status == http.StatusForbidden:
		return ChallengeRefused.Problem("%s; the token's user must have the permission for the call, and the credential be an active one of that user", said), false
	case status == http.StatusTooManyRequests:
		problem, again = RateLimited.Problem("%s; each write takes three calls of the organisation's limit", said), true
	case status >= 500:
		problem, again = ChallengeFailed.Problem("%s; try again", said), true
	default:
		problem = ChallengeFailed.Problem("%s; %s", said, c.advice)
	}
	problem.RetryAfter = signer.ParseRetryAfter(res.Header, now)
	return problem, again
}

// unusable is about an answer that makes no sense.
func unusable(c call, err error) *signer.Problem {
	return ChallengeFailed.Problem("Dfns answered %s, but %v; the upstream must be Dfns' API", c, err)
}

func retryAfterOf(err error) time.Duration {
	var problem *signer.Problem
	if errors.As(err, &problem) {
		return problem.RetryAfter
	}
	return 0
}
