package partnertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// lifetime is that of a partner's certificates: longer than any test, short enough
// that a forgotten one is worth nothing.
const lifetime = 7 * 24 * time.Hour

// An authority is a certificate authority made for one partner, and the certificate
// that it issued.
type authority struct {
	root *x509.Certificate
	leaf tls.Certificate
}

func newAuthority(names []string) (*authority, error) {
	root := template("partnertest authority", 1)
	root.IsCA = true
	root.BasicConstraintsValid = true
	root.KeyUsage = x509.KeyUsageCertSign
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("partnertest: key of the authority: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return nil, fmt.Errorf("partnertest: certificate of the authority: %w", err)
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("partnertest: certificate of the authority: %w", err)
	}

	leaf := template(names[0], 2)
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("partnertest: key of the server: %w", err)
	}
	der, err = x509.CreateCertificate(rand.Reader, leaf, root, leafKey.Public(), rootKey)
	if err != nil {
		return nil, fmt.Errorf("partnertest: certificate of the server: %w", err)
	}
	return &authority{
		root: root,
		leaf: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: leafKey},
	}, nil
}

func template(name string, serial int64) *x509.Certificate {
	// An hour in the past: the clocks of containers and their hosts differ.
	start := time.Now().Add(-time.Hour)
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    start,
		NotAfter:     start.Add(lifetime),
	}
}

// serverTLS is the server's side, with the ALPN names given.
func (a *authority) serverTLS(protocols []string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.leaf}, NextProtos: protocols}
}

// clientTLS trusts this authority and no other.
func (a *authority) clientTLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return &tls.Config{RootCAs: pool}
}

// CA is the certificate, in PEM, of the authority that issued the partner's
// certificate. Every partner has an authority of its own.
func (p *Partner) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.authority.root.Raw})
}

// WriteCA writes [Partner.CA] to a file, replacing what is there.
func (p *Partner) WriteCA(path string) error { return os.WriteFile(path, p.CA(), 0o644) }
