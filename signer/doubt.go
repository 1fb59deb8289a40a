package signer

import (
	"errors"
	"net/http"
)

// Doubted is what a client is told whose request could not be sent: problem, but
// PartnerFailed or TooSlow when an attempt before was sent and may have been
// carried out.
func (x *Exchange) Doubted(req *http.Request, problem *Problem) *Problem {
	if !x.doubtful || isSafe(method(req)) {
		return problem
	}
	kind := PartnerFailed
	if problem.Kind == TooSlow {
		kind = TooSlow
	}
	doubt := kind.Problem("%s", unknownWhether(req, "the request was sent to the partner, and could not be sent again")).Because(problem)
	doubt.RetryAfter = problem.RetryAfter
	return doubt
}

// doubted is Doubted for what is a *Problem.
func (x *Exchange) doubted(req *http.Request, err error) error {
	var problem *Problem
	if errors.As(err, &problem) {
		return x.Doubted(req, problem)
	}
	return err
}

// unsent reports whether err says that the partner has not got the try, or has
// turned it away.
func (t *sending) unsent(err error) bool {
	return t.connecting.Load() || errors.Is(err, errResent) || isCertificate(err) || isDial(err)
}
