package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/yaronf/httpsign"
)

// An expectation is what every request of a proxy must have on the wire.
type expectation struct {
	algorithm string // of the signature; empty: none
	keyID     string
	bearer    bool
	digest    bool // of a body that is not empty
	key       bool // an idempotency key, of a POST
	secure    bool
}

// verify checks samples with net/http, httpsign and the standard library's
// cryptography, and nothing of partnersign's.
func (e expectation) verify(k *keyring, samples []sample, w workload) error {
	if len(samples) == 0 {
		return errors.New("the partner has seen no request")
	}
	seen := map[string]bool{}
	for _, s := range samples {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(s.Head)))
		if err != nil {
			return err
		}
		err = errors.Join(e.verifyRequest(r, s, w), e.verifyKey(r, seen), e.verifySignature(k, r, s))
		if err != nil {
			return fmt.Errorf("%w, in\n%s", err, s.Head)
		}
	}
	return nil
}

func (e expectation) verifyRequest(r *http.Request, s sample, w workload) error {
	switch {
	case r.Method != w.Method || !strings.HasPrefix(r.URL.Path, "/"):
		return fmt.Errorf("%s %s arrived", r.Method, r.URL.Path)
	case s.Secure != e.secure:
		return errors.New("TLS where none was asked for, or none where it was")
	case !w.isBody(s.Body):
		return fmt.Errorf("a body of %d bytes is not the one of %d that was sent", len(s.Body), w.Size)
	case e.bearer && r.Header.Get("Authorization") != "Bearer "+token:
		return errors.New("no bearer token")
	case e.digest && len(s.Body) > 0 && r.Header.Get("Content-Digest") != digestOf(s.Body):
		return errors.New("no Content-Digest, or a wrong one")
	}
	return nil
}

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func (e expectation) verifyKey(r *http.Request, seen map[string]bool) error {
	key := r.Header.Get("Idempotency-Key")
	switch {
	case !e.key || r.Method != http.MethodPost:
		return nil
	case !uuid4.MatchString(key):
		return errors.New("no idempotency key, or no UUIDv4")
	case seen[key]:
		return errors.New("an idempotency key twice")
	}
	seen[key] = true
	return nil
}

// covered is what signatures must cover.
func (e expectation) covered(r *http.Request) (names []string) {
	names = []string{"@method", "@target-uri", "authorization"}
	if r.Method == http.MethodPost {
		names = append(names, "content-digest", "idempotency-key")
	}
	return names
}

func (e expectation) verifySignature(k *keyring, r *http.Request, s sample) error {
	if e.algorithm == "" {
		return nil
	}
	if e.secure {
		r.TLS = new(tls.ConnectionState)
	}
	config := httpsign.NewVerifyConfig().SetKeyID(e.keyID).SetAllowedAlgs([]string{e.algorithm}).
		SetNotOlderThan(time.Since(s.At) + 5*time.Second)
	verifier, err := verifierOf(k, e.algorithm, config, httpsign.Headers(e.covered(r)...))
	if err != nil {
		return err
	}
	return httpsign.VerifyRequest("sig1", *verifier, r)
}

func verifierOf(k *keyring, algorithm string, config *httpsign.VerifyConfig, covered httpsign.Fields) (*httpsign.Verifier, error) {
	if algorithm == hmacSHA256 {
		return httpsign.NewHMACSHA256Verifier(k.secret, config, covered)
	}
	public := k.private[algorithm].Public()
	switch algorithm {
	case ed:
		return httpsign.NewEd25519Verifier(public.(ed25519.PublicKey), config, covered)
	case p256:
		return httpsign.NewP256Verifier(*public.(*ecdsa.PublicKey), config, covered)
	case p384:
		return httpsign.NewP384Verifier(*public.(*ecdsa.PublicKey), config, covered)
	case rsaPSS:
		return httpsign.NewRSAPSSVerifier(*public.(*rsa.PublicKey), config, covered)
	}
	return nil, fmt.Errorf("no verifier of %s", algorithm)
}
