package caddymodule

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/partnersign/partnersign/signer"
)

// checkCertificates says what is wrong with the names of certificates.
func checkCertificates(names []string) error {
	for _, name := range names {
		fingerprint, pinned := strings.CutPrefix(name, "sha256:")
		switch {
		case name == "" || strings.Contains(name, "*"):
			return errors.New("expected the names in certificates, such as billing.internal or spiffe://internal/billing, sha256:<fingerprint>, or any")
		case name == "any" && len(names) > 1:
			return errors.New("any is all there are: remove it or the others")
		case pinned && len(asFingerprint(fingerprint)) != sha256.Size:
			return errors.New("expected 64 hexadecimal digits behind sha256:, as openssl x509 -noout -fingerprint -sha256 prints them")
		}
	}
	return nil
}

// asFingerprint reads a fingerprint, with or without colons. What is none is empty.
func asFingerprint(text string) []byte {
	sum, _ := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	return sum
}

// expectCertificates refuses a site that asks nobody for a certificate: it
// would refuse everybody.
func (g *Guard) expectCertificates(ctx caddy.Context) error {
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if len(g.ClientCertificates) == 0 || !ok || ctx.Value(listing{}) != nil { // where the server may be another
		return nil
	}
	if !slices.ContainsFunc(server.TLSConnPolicies, verifiesClients) {
		return errors.New("client_certificates: the site verifies no certificates: give it tls { client_auth { mode require_and_verify, and the CA as trust_pool } }")
	}
	return nil
}

func verifiesClients(p *caddytls.ConnectionPolicy) bool {
	auth := p.ClientAuthentication
	return auth != nil && auth.Active() && (auth.Mode == "" || strings.Contains(auth.Mode, "verif"))
}

// admitCertificate asks for the certificate that TLS has verified. Requests in a
// tunnel come from whoever opened that.
func (g *Guard) admitCertificate(r *http.Request) *signer.Problem {
	if len(g.ClientCertificates) == 0 {
		return nil
	}
	tls := outermost(r).TLS
	if tls == nil || len(tls.VerifiedChains) == 0 {
		return ClientRefused.Problem("this partner is for callers who show a certificate of the CA that the proxy trusts")
	}
	certificate := tls.PeerCertificates[0]
	if slices.ContainsFunc(g.ClientCertificates, func(name string) bool { return isCertificateOf(certificate, name) }) {
		return nil
	}
	return ClientRefused.Problem("this partner is for callers with other certificates; client_certificates says with which").
		Because(fmt.Errorf("the certificate is of %q, its fingerprint is sha256:%x", certificate.Subject, sha256.Sum256(certificate.Raw)))
}

// subjectAltName is the extension with a certificate's names (RFC 5280 section
// 4.2.1.6). The common name counts only where it is missing: a CA may check it
// less.
var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

func isCertificateOf(c *x509.Certificate, name string) bool {
	if name == "any" {
		return true
	}
	if fingerprint, ok := strings.CutPrefix(name, "sha256:"); ok {
		sum := sha256.Sum256(c.Raw)
		return slices.Equal(asFingerprint(fingerprint), sum[:])
	}
	switch {
	case strings.Contains(name, ":"):
		return slices.ContainsFunc(c.URIs, func(u *url.URL) bool { return u.String() == name })
	case strings.Contains(name, "@"):
		return slices.Contains(c.EmailAddresses, name)
	}
	for _, extension := range c.Extensions {
		if extension.Id.Equal(subjectAltName) {
			return slices.ContainsFunc(c.DNSNames, func(n string) bool { return strings.EqualFold(n, name) })
		}
	}
	return c.Subject.CommonName == name
}
