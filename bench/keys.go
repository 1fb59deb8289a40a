package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The algorithms of RFC 9421 that are measured.
const (
	hmacSHA256 = "hmac-sha256"
	ed         = "ed25519"
	p256       = "ecdsa-p256-sha256"
	p384       = "ecdsa-p384-sha384"
	rsaPSS     = "rsa-pss-sha512"
)

// What every proxy is told.
const (
	keyID = "bench"
	token = "bench-0123456789abcdef0123456789abcdef"
)

// A keyring holds one key of each algorithm, made for this run.
type keyring struct {
	dir         string
	secret      []byte // of hmac-sha256
	private     map[string]crypto.Signer
	certificate tls.Certificate // the partner's, which is its own authority
}

func newKeyring(dir string) (*keyring, error) {
	k := &keyring{dir: dir, secret: make([]byte, 64), private: map[string]crypto.Signer{}}
	_, _ = rand.Read(k.secret)
	makers := map[string]func() (crypto.Signer, error){
		ed: func() (crypto.Signer, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return key, err
		},
		p256:   func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
		p384:   func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) },
		rsaPSS: func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
	}
	for algorithm, generate := range makers {
		key, err := generate()
		if err != nil {
			return nil, err
		}
		k.private[algorithm] = key
		if err := writeKey(k.file(algorithm), key); err != nil {
			return nil, err
		}
	}
	return k, k.makeCertificate()
}

// file is where the private key of algorithm is.
func (k *keyring) file(algorithm string) string { return filepath.Join(k.dir, algorithm+".pem") }

// authority is the file of the certificate that proves the partner's name.
func (k *keyring) authority() string { return filepath.Join(k.dir, "partner.crt") }

// environment has the secrets that are not in files.
func (k *keyring) environment() []string {
	return []string{"BENCH_TOKEN=" + token, "BENCH_SECRET=" + base64.StdEncoding.EncodeToString(k.secret)}
}

func writeKey(file string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func (k *keyring) makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(7 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	k.certificate = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return os.WriteFile(k.authority(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}
