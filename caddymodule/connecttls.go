package caddymodule

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddypki"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
)

// certificates are those that tunnels are ended with: from Caddy's own CA, kept
// in memory, one for each partner.
type certificates struct {
	issuer *caddytls.InternalIssuer

	mu     sync.Mutex
	byHost map[string]*tls.Certificate
}

// newCertificates finds the CA. Caddy has the machine trust the root of a CA
// that comes into being for lack of configuration. This one's signs for the
// names of partners, so it is for those applications that are given it.
func newCertificates(ctx caddy.Context, id string) (*certificates, error) {
	_, err := ctx.AppIfConfigured("pki")
	issuer := &caddytls.InternalIssuer{CA: id}
	if err := issuer.Provision(ctx); err != nil {
		return nil, err
	}
	if err != nil {
		pki, err := ctx.App("pki")
		if err != nil {
			return nil, err
		}
		ca, err := pki.(*caddypki.PKI).GetCA(ctx, id)
		if err != nil {
			return nil, err
		}
		ca.InstallTrust = new(bool)
	}
	return &certificates{issuer: issuer, byHost: map[string]*tls.Certificate{}}, nil
}

// get is the certificate for a host, a new one when less than a third of the
// old one's life is left.
func (c *certificates) get(ctx context.Context, host string) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if certificate := c.byHost[host]; certificate != nil {
		if isFresh(certificate.Leaf, time.Now()) {
			return certificate, nil
		}
	}
	certificate, err := c.issue(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("a certificate for a tunnel: %w", err)
	}
	c.byHost[host] = certificate
	return certificate, nil
}

// isFresh also looks at the begin: the clock may have been set back since.
func isFresh(leaf *x509.Certificate, now time.Time) bool {
	return now.After(leaf.NotBefore) && leaf.NotAfter.Sub(now) > leaf.NotAfter.Sub(leaf.NotBefore)/3
}

func (c *certificates) issue(ctx context.Context, host string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.CertificateRequest{DNSNames: []string{host}}
	if addr, err := netip.ParseAddr(host); err == nil {
		template = &x509.CertificateRequest{IPAddresses: []net.IP{addr.AsSlice()}}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return nil, err
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	issued, err := c.issuer.Issue(ctx, request)
	if err != nil {
		return nil, err
	}
	certificate := &tls.Certificate{PrivateKey: key}
	for block, rest := pem.Decode(issued.Certificate); block != nil; block, rest = pem.Decode(rest) {
		certificate.Certificate = append(certificate.Certificate, block.Bytes)
	}
	certificate.Leaf, err = x509.ParseCertificate(certificate.Certificate[0])
	return certificate, err
}
