package caddymodule

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// An attempt is how far a connection has come.
type attempt struct {
	mu             sync.Mutex
	address        string // that was connected to
	lookup         error
	secured        bool // by TLS
	wrote, answers time.Time
}

func (a *attempt) trace(ctx context.Context) context.Context {
	locked := func(f func()) { a.mu.Lock(); f(); a.mu.Unlock() }
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone: func(i httptrace.DNSDoneInfo) { locked(func() { a.lookup = i.Err }) },
		ConnectDone: func(network, address string, err error) {
			if err == nil && !strings.HasPrefix(network, "udp") { // which is to a name server
				locked(func() { a.address = address })
			}
		},
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { locked(func() { a.secured = err == nil }) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { locked(func() { a.wrote = time.Now() }) },
		GotFirstResponseByte: func() { locked(func() { a.answers = time.Now() }) },
	})
}

// skew is how far the clock is ahead that has set date, in whole seconds, while
// the answer was on its way; and by how much that may be wrong.
func (a *attempt) skew(date time.Time) (offset, uncertainty time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	const half = time.Second / 2
	took := a.answers.Sub(a.wrote)
	return date.Add(half).Sub(a.wrote.Add(took / 2)), half + took/2
}

// certificateSoon is how long before its end a certificate should be renewed.
const certificateSoon = 14 * 24 * time.Hour

// certificate tells about TLS that was accepted.
func (c *connection) certificate(state *tls.ConnectionState, now time.Time) {
	leaf := state.PeerCertificates[0]
	found := fmt.Sprintf("%s, certificate %s", tls.VersionName(state.Version), described(leaf))
	if len(state.VerifiedChains) == 0 {
		c.add(levelWarning, found+", which was not verified", "give the CA with tls_trust_pool, and remove tls_insecure_skip_verify")
		return
	}
	if left := leaf.NotAfter.Sub(now); left < certificateSoon {
		c.add(levelWarning, found+", which expires in "+about(left), "ask the partner whether the certificate is renewed in time")
		return
	}
	c.add(levelOK, found, "")
}

func described(leaf *x509.Certificate) string {
	names := leaf.DNSNames
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > 4 {
		names = append(names[:4:4], "…")
	}
	return fmt.Sprintf("for %s, by %q, until %s", strings.Join(names, " "), leaf.Issuer.String(), leaf.NotAfter.UTC().Format(time.RFC3339))
}

// failed says why no answer came, and what to do.
func (c *connection) failed(err error, tries *attempt) {
	tries.mu.Lock()
	connected, secured, lookup := tries.address != "", tries.secured, tries.lookup
	tries.mu.Unlock()
	if verification, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		c.untrusted(verification)
		return
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns), !connected && errors.As(lookup, &dns):
		c.add(levelProblem, "the name "+dns.Name+" has no address: "+dns.Err, "check the name and this machine's resolvers; resolvers in transport http names others")
	case errors.As(err, &op) && op.Op == "remote error" && strings.Contains(op.Err.Error(), "protocol version"):
		c.add(levelProblem, "it speaks no TLS 1.2 or newer", "ask the partner for TLS 1.2 or 1.3")
	case errors.As(err, &op) && op.Op == "remote error": // an alert of TLS
		c.add(levelProblem, "it refuses TLS: "+op.Err.Error(), "if it asks for a client certificate, give one with tls_client_auth in transport http")
	case errors.As(err, new(tls.RecordHeaderError)):
		c.add(levelProblem, "what answers does not speak TLS", "check the port of the upstream")
	case !connected:
		c.add(levelProblem, "no connection can be made: "+cause(err), "check the address and the port, and that firewalls and egress rules let this machine through")
	case !secured && strings.HasPrefix(c.url, "https://"):
		c.add(levelProblem, "TLS cannot be set up: "+cause(err), "check what is at this address, and what stands in between")
	default:
		c.add(levelWarning, "it ends the connection without an answer: "+cause(err), "if requests of clients fail, too, ask the partner why")
	}
}

// cause is the innermost error, which names no address twice.
func cause(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func (c *connection) untrusted(err *tls.CertificateVerificationError) {
	found, do := err.Err.Error(), "ask the partner for its CA, and give it with tls_trust_pool in transport http"
	if len(err.UnverifiedCertificates) > 0 {
		found = "the certificate is " + described(err.UnverifiedCertificates[0])
	}
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		found += ", and not for the upstream's name"
		do = "check the upstream's name; its certificate must prove it"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		found += ", and expired or not good yet"
		do = "check this machine's clock; if that is right, the partner must renew it"
	case errors.As(err, new(x509.UnknownAuthorityError)):
		found += ", which is no authority that is trusted here"
	default:
		found += ": " + err.Err.Error()
	}
	c.add(levelProblem, found, do)
}
