package token

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// problem says in words of our own why there is no token. Nothing that the
// endpoint has sent is repeated: it may quote the request, and with it a secret.
func (p *poster) problem(format string, args ...any) *signer.Problem {
	return noToken(p.host, fmt.Sprintf(format, args...))
}

func noToken(host, why string) *signer.Problem {
	return signer.CredentialUnavailable.Problem("no token from %s: %s", host, why)
}

// refused is an answer that is no success.
func (p *poster) refused(res *http.Response, answer []byte, now time.Time) *signer.Problem {
	var problem *signer.Problem
	code := member(answer, "error").text()
	switch hint, ok := errorCodes[code]; {
	case res.StatusCode >= 300 && res.StatusCode <= 399:
		problem = p.problem("it answered with a redirect (%d), which is not followed; configure the URL that it leads to", res.StatusCode)
	case ok:
		problem = p.problem("it answered %d %s; %s", res.StatusCode, code, hint)
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		problem = p.problem("it answered %d; check the credentials that it is asked with", res.StatusCode)
	default:
		problem = p.problem("it answered %d", res.StatusCode)
	}
	problem.RetryAfter = signer.ParseRetryAfter(res.Header, now)
	return problem
}

// errorCodes are those of RFC 6749 section 5.2 and RFC 8707 section 2, and what
// to do about them. Any other is not repeated.
var errorCodes = map[string]string{
	"invalid_request":        "check the parameters",
	"invalid_client":         "check the client's id and its secret or key, and how they are sent",
	"invalid_grant":          "check that the client may have tokens",
	"unauthorized_client":    "the client may not use client credentials",
	"unsupported_grant_type": "it does not know client credentials",
	"invalid_scope":          "check the scopes",
	"invalid_target":         "check the audience and the resource",
}

// unanswered is a call without a whole answer.
func (p *poster) unanswered(err error) *signer.Problem {
	var timeout net.Error
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	op, network := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return p.problem("it did not answer in time").Because(networkError(err))
	case untrusted:
		return p.problem("its certificate is not accepted; the proxy's log says why").Because(networkError(err))
	case network && op.Op == "dial":
		return p.problem("it cannot be reached; the proxy's log says why").Because(networkError(err))
	}
	return p.problem("it did not answer").Because(networkError(err))
}

// networkError is the part of an error that comes from the machine's network
// and from TLS, or nil. The rest may quote what the endpoint sent, and the URL.
func networkError(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return untrusted
	}
	return nil
}
