package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// keyID is the name under which acme knows the demo's key.
const keyID = "demo-2026"

// newAcme is any partner with bearer tokens and RFC 9421 signatures.
func newAcme() (*act, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := pemOf(private)
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
	return &act{
		name:    "acme",
		partner: partner,
		block: strings.NewReplacer("PARTNER", partner.URL(), "KEYID", keyID).Replace(`partner_proxy PARTNER {
	bearer {file.DIR/acme-token}
	idempotency_key
	content_digest sha-256
	signature {
		key DIR/acme-ed25519.pem
		key_id KEYID
		components @method @target-uri content-digest? authorization idempotency-key?
		parameters created expires=60s nonce keyid alg
	}
`),
		files: map[string][]byte{"acme-ed25519.pem": key, "acme-token": []byte(token + "\n")},
		plain: []plain{
			{"POST", "/v1/payments", `{"amount": "12.50", "currency": "EUR", "to": "ACME"}`},
			{"GET", "/v1/payments?status=open", ""},
		},
		judge: func() ([]string, bool) { return nil, true }, // the verdict of the request says it all
	}, nil
}

// pemOf is a private key as a file.
func pemOf(private any) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
