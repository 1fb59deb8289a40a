package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// keyID is the name under which the partner knows the demo's key.
const keyID = "demo-2026"

// A scene is what a demo needs: a partner, and the files for a proxy to it.
type scene struct {
	partner      *partnertest.Partner
	dir          string
	caddyfile    string // its text
	proxyAddress string
}

func newScene() (*scene, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	token := rand.Text()
	partner, err := partnertest.Start(partnertest.Options{Require: partnertest.Require{
		Bearer:         token,
		Keys:           map[string]partnertest.Key{keyID: {Public: public}},
		Label:          "sig1",
		Components:     []string{"@method", "@target-uri", "content-digest?", "authorization", "idempotency-key?"},
		Parameters:     []string{"created", "expires", "nonce", "keyid", "alg"},
		MaxAge:         time.Minute,
		RefuseReplays:  true,
		ContentDigest:  "sha-256",
		IdempotencyKey: partnertest.RawUUID,
	}})
	if err != nil {
		return nil, err
	}
	s := &scene{partner: partner}
	if err := s.write(private, token); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// write writes the key, the token, the partner's authority and the Caddyfile.
func (s *scene) write(private ed25519.PrivateKey, token string) error {
	var err error
	if s.dir, err = os.MkdirTemp("", "partnersign-demo-"); err != nil {
		return err
	}
	if s.proxyAddress, err = freeAddress(); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	s.caddyfile = caddyfile(s.proxyAddress, s.partner.URL(), s.dir)
	if err := s.partner.WriteCA(s.file("ca.pem")); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"ed25519.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"token":       []byte(token + "\n"),
		"Caddyfile":   []byte(s.caddyfile),
	} {
		if err := os.WriteFile(s.file(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) file(name string) string { return filepath.Join(s.dir, name) }

// block is the Caddyfile without its global options.
func (s *scene) block() string {
	return s.caddyfile[strings.Index(s.caddyfile, "http://"):]
}

func (s *scene) close() {
	s.partner.Close()
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// freeAddress returns an address of 127.0.0.1 that nobody listened on a moment ago.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// caddyfile is the configuration of a proxy that listens on an address and signs
// requests to a partner.
func caddyfile(address, partner, dir string) string {
	return strings.NewReplacer("ADDRESS", address, "PARTNER", partner, "DIR", dir, "KEYID", keyID).Replace(`{
	admin off
	persist_config off
	auto_https off
}

http://ADDRESS {
	bind 127.0.0.1

	partner_proxy PARTNER {
		bearer {file.DIR/token}
		idempotency_key
		content_digest sha-256
		signature {
			key DIR/ed25519.pem
			key_id KEYID
			components @method @target-uri content-digest? authorization idempotency-key?
			parameters created expires=60s nonce keyid alg
		}
		transport http {
			tls_trust_pool file DIR/ca.pem
		}
	}
}
`)
}
