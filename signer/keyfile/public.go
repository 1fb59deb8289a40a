package keyfile

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/go-jose/go-jose/v4"

	"github.com/partnersign/partnersign/signer/keys"
)

// A Form is how a public key is written.
type Form string

// The forms that partners register.
const (
	PEM        Form = "pem"        // SubjectPublicKeyInfo in PEM (RFC 7468)
	Base64     Form = "base64"     // the same once more in base64, on one line
	JWK        Form = "jwk"        // RFC 7517
	JWKS       Form = "jwks"       // a JWK set (RFC 7517, section 5)
	Thumbprint Form = "thumbprint" // RFC 7638
)

// Forms are all of them.
func Forms() []Form { return []Form{PEM, Base64, JWK, JWKS, Thumbprint} }

// WritePublic is a public key in one of the forms, with a line break at its end.
// keyID is the "kid" of a JWK. Default: the thumbprint.
func WritePublic(public crypto.PublicKey, form Form, keyID string) ([]byte, error) {
	if public == nil {
		return nil, errors.New("a shared secret has no public half: both sides keep it")
	}
	switch form {
	case PEM:
		return publicPEM(public)
	case Base64:
		text, err := publicPEM(public)
		return []byte(base64.StdEncoding.EncodeToString(text) + "\n"), err
	case JWK:
		return publicJWK(public, keyID)
	case JWKS:
		key, err := publicJWK(public, keyID)
		if err != nil {
			return nil, err
		}
		return indented(map[string]any{"keys": []json.RawMessage{key}})
	case Thumbprint:
		thumbprint, err := keys.Thumbprint(public)
		return []byte(thumbprint + "\n"), err
	}
	var names []string
	for _, f := range Forms() {
		names = append(names, string(f))
	}
	return nil, errors.New("a public key is written as one of " + strings.Join(names, ", "))
}

func publicPEM(public crypto.PublicKey) (_ []byte, err error) {
	var der []byte
	if key, ok := public.(*secp256k1.PublicKey); ok {
		der, err = secp256k1SPKI(key)
	} else {
		der, err = x509.MarshalPKIXPublicKey(public)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

func publicJWK(public crypto.PublicKey, keyID string) ([]byte, error) {
	if keyID == "" {
		var err error
		if keyID, err = keys.Thumbprint(public); err != nil {
			return nil, err
		}
	}
	if key, ok := public.(*secp256k1.PublicKey); ok { // go-jose does not know it: RFC 8812
		point := key.SerializeUncompressed()[1:]
		return indented(struct {
			Use string `json:"use"`
			Kty string `json:"kty"`
			Kid string `json:"kid"`
			Crv string `json:"crv"`
			Alg string `json:"alg"`
			X   string `json:"x"`
			Y   string `json:"y"`
		}{"sig", "EC", keyID, "secp256k1", "ES256K", base64.RawURLEncoding.EncodeToString(point[:32]), base64.RawURLEncoding.EncodeToString(point[32:])})
	}
	key := jose.JSONWebKey{Key: public, KeyID: keyID, Use: "sig"}
	if _, ok := public.(ed25519.PublicKey); ok {
		key.Algorithm = "EdDSA"
	}
	return indented(&key)
}

func indented(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, text, "", "  ")
	return append(b.Bytes(), '\n'), err
}
