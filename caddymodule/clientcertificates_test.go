package caddymodule_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/caddymodule"
)

// An authority issues certificates for tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

func (a authority) issue(t testing.TB, c x509.Certificate) tls.Certificate {
	t.Helper()
	c.SerialNumber, c.NotAfter = big.NewInt(2), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &c, a.certificate, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

const mutual = "https://partners.internal:8443 {\ntls internal {\nclient_auth {\nmode verify_if_given\ntrust_pool file /run/secrets/ca.pem\n}\n}\n" +
	"partnersign_guard {\nclient_hosts partners.internal\n%s\n}\nrespond passed\n}\n"

func TestClientCertificates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	uri, err := url.Parse("spiffe://internal/billing")
	if err != nil {
		t.Fatal(err)
	}
	cn := pkix.Name{CommonName: "billing.internal"}
	certificates := map[string]tls.Certificate{
		"dns":         ca.issue(t, x509.Certificate{DNSNames: []string{"x.internal", "billing.internal"}}),
		"uri":         ca.issue(t, x509.Certificate{URIs: []*url.URL{uri}}),
		"email":       ca.issue(t, x509.Certificate{EmailAddresses: []string{"ops@internal"}}),
		"cn":          ca.issue(t, x509.Certificate{Subject: cn}),
		"cn and more": ca.issue(t, x509.Certificate{Subject: cn, DNSNames: []string{"x.internal"}}),
		"wildcard":    ca.issue(t, x509.Certificate{DNSNames: []string{"*.internal"}}),
		"other CA":    other.issue(t, x509.Certificate{DNSNames: []string{"billing.internal"}}),
		"none":        {},
	}
	sum := sha256.Sum256(certificates["uri"].Certificate[0])
	fingerprint := fmt.Sprintf("sha256:%x", sum)
	colons := "sha256:" + strings.ReplaceAll(strings.ToUpper(fmt.Sprintf("% x", sum)), " ", ":")
	for lines, passing := range map[string]string{
		"client_certificates any":                               "dns, uri, email, cn, cn and more, wildcard",
		"client_certificates billing.internal":                  "dns, cn",
		"client_certificates Billing.INTERNAL":                  "dns",
		"client_certificates x.internal":                        "dns, cn and more",
		"client_certificates internal":                          "",
		"client_certificates spiffe://internal/billing":         "uri",
		"client_certificates spiffe://internal":                 "",
		"client_certificates ops@internal":                      "email",
		"client_certificates ops@internal billing.internal":     "dns, email, cn",
		"client_certificates " + fingerprint:                    "uri",
		"client_certificates " + colons:                         "uri",
		"client_certificates sha256:" + strings.Repeat("0", 64): "",
		"": "dns, uri, email, cn, cn and more, wildcard, none",
	} {
		t.Run(lines, func(t *testing.T) {
			h, _ := handler(t, fmt.Sprintf(mutual, lines))
			server := httptest.NewUnstartedServer(h)
			pool := x509.NewCertPool()
			pool.AddCert(ca.certificate)
			server.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool}
			server.StartTLS()
			t.Cleanup(server.Close)
			for name, certificate := range certificates {
				got := callWith(t, server, certificate)
				passes := slices.Contains(strings.Split(passing, ", "), name)
				switch {
				case got == nil:
					if name != "other CA" {
						t.Errorf("%s: TLS fails", name)
					}
				case passes:
					if got.StatusCode != 200 {
						t.Errorf("%s: got %d %s", name, got.StatusCode, got.Body)
					}
				default:
					got.assertProblem(t, caddymodule.ClientRefused, "")
				}
			}
		})
	}
}

// callWith calls with a certificate, if it is one. The answer is nil where TLS
// fails.
func callWith(t *testing.T, server *httptest.Server, certificate tls.Certificate) *answer {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true, ServerName: "partners.internal"}
	if certificate.Certificate != nil { // whatever CA the server asks for
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	address := server.Listener.Addr().String()
	conn, err := tls.Dial("tcp", address, config)
	if err == nil { // TLS 1.3 tells only when something is read
		_, err = conn.Write([]byte("GET / HTTP/1.0\r\nHost: partners.internal\r\n\r\n"))
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
		_ = conn.Close()
	}
	if err != nil {
		return nil
	}
	transport := &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	got := send(t, &http.Client{Transport: transport}, "https://partners.internal/")
	return &got
}

// TestClientCertificatesThatNobodyAsksFor would refuse everybody.
func TestClientCertificatesThatNobodyAsksFor(t *testing.T) {
	const trust = "tls internal {\nclient_auth {\n%s\n}\n}\n"
	for tlsLines, fine := range map[string]bool{
		"":                                 false,
		"tls internal":                     false,
		fmt.Sprintf(trust, "mode request"): false,
		fmt.Sprintf(trust, "mode require"): false,
		fmt.Sprintf(trust, "mode require_and_verify\ntrust_pool file /run/secrets/ca.pem"): true,
		fmt.Sprintf(trust, "mode verify_if_given\ntrust_pool file /run/secrets/ca.pem"):    true,
		fmt.Sprintf(trust, "trust_pool file /run/secrets/ca.pem"):                          true,
	} {
		err := caddy.Validate(mustAdapt(t, "https://partners.internal:8443 {\nbind 0.0.0.0\n"+tlsLines+"\npartner_proxy https://api.acme.example {\nclient_certificates any\n}\n}\n"))
		if fine != (err == nil) || err != nil && !strings.Contains(err.Error(), "the site verifies no certificates") {
			t.Errorf("%q: %v", tlsLines, err)
		}
	}
}
