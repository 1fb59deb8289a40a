package signer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
)

var (
	errClientLeft = errors.New("the client left")
	errClosed     = fmt.Errorf("%w: %w", errClientLeft, context.Canceled) // by Exchange.Close
	errTooSlow    = errors.New("the time for the request is over")
	errResent     = errors.New("the request was about to be sent again with the same signature")
)

// explain says what stopped a request: a *Problem, or one of the two errors
// that callers must see as such.
func explain(req *http.Request, err error) error {
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return problem
	case req.Context().Err() != nil:
		return fmt.Errorf("%w: %w", errClientLeft, req.Context().Err())
	case errors.Is(err, errClientLeft):
		return err
	}
	return PartnerFailed.Problem("%s", unknownWhether(req, "the connection ended before the partner answered")).Because(unquote(err))
}

// unsigned is what stops a request that could not be signed.
func unsigned(ctx context.Context, err error) error {
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.Is(err, errTooSlow), context.Cause(ctx) == errTooSlow:
		return TooSlow.Problem("the request was not sent because it could not be signed in time")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return SigningFailed.Problem("the request was not sent because it could not be signed; the proxy's log says why").Because(err)
}

// explain says what stopped a request that was on its way. That its time was
// over comes first: a server whose read deadline we then set takes its client
// for gone.
func (t *sending) explain(req *http.Request, err error) error {
	var problem *Problem
	connecting := t.connecting.Load()
	tooSlow := TooSlow.Problem("%s", unknownWhether(req, "the partner did not answer in time")).Because(err)
	switch {
	case errors.Is(err, errTooSlow) && connecting:
		return TooSlow.Problem("no connection to the partner could be made in time, and nothing was sent")
	case errors.Is(err, errTooSlow):
		return tooSlow
	case errors.As(err, &problem), req.Context().Err() != nil, errors.Is(err, errClientLeft):
		return explain(req, err)
	case errors.Is(err, errResent):
		return PartnerFailed.Problem("the partner did not take the request, not even the second time; try again")
	case isCertificate(err), connecting && isTLS(err):
		return PartnerUntrusted.Problem("TLS with the partner failed before anything was sent; the proxy's log says why").Because(err)
	case connecting && t.handshaking.Load():
		return PartnerUnreachable.Problem("TLS with the partner could not be set up, and nothing was sent; the proxy's log says why").Because(err)
	case connecting && errors.Is(err, context.Canceled):
		// HTTP/3 shares a connection that is being made, and with it the leaving
		// of another client: this one has not left, and must not be told so.
		return PartnerUnreachable.Problem("no connection to the partner could be made, and nothing was sent; try again").Because(err)
	case connecting, isDial(err):
		return err
	case isTimeout(err):
		return tooSlow
	}
	return explain(req, err)
}

// unknownWhether adds what the caller of a write must know.
func unknownWhether(req *http.Request, what string) string {
	if isSafe(method(req)) {
		return what + "; try again"
	}
	return what + "; whether it carried out the call is not known: ask it, or repeat the call with the same idempotency key"
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// isDial reports whether err says that no connection could be made.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// isCertificate reports whether err says that a certificate was not accepted.
func isCertificate(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		hostname     x509.HostnameError
		authority    x509.UnknownAuthorityError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &hostname) || errors.As(err, &authority) || errors.As(err, &invalid)
}

// isTLS reports whether err is an error of TLS. It may come after the
// handshake, when the request is on its way.
func isTLS(err error) bool {
	return errors.As(err, new(tls.AlertError)) || errors.As(err, new(tls.RecordHeaderError))
}
