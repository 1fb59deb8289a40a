package partnertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"

	"github.com/google/uuid"
)

// manage answers the calls that change credentials and the signing key. They are
// documented with a bearer and without a signature, which could not be made before there
// is a key: one that is there is not looked at.
func (o *OffBlocks) manage(seen *Request) (reply, *denial) {
	if why := o.bearer(seen); why != nil {
		return reply{}, why
	}
	path, _ := seen.splitTarget()
	switch seen.Method + " " + path {
	case "PUT " + offBlocksBase + "/auth/credentials":
		return o.setCredentials(seen)
	case "PUT " + offBlocksBase + "/auth/signing":
		return o.setKey(seen)
	}
	return reply{}, deny(404, "not_found", "There is no %s %s.", seen.Method, path)
}

// setCredentials answers PUT /v1/auth/credentials, which replaces the API key and secret
// and invalidates all issued tokens.
func (o *OffBlocks) setCredentials(seen *Request) (reply, *denial) {
	body := readObject(seen.Body)
	body.only("apiKey", "apiSecret")
	key, secret := body.text("apiKey"), body.text("apiSecret")
	if body.err == nil && (key == "" || secret == "") {
		body.err = errors.New("apiKey or apiSecret is empty")
	}
	if body.err != nil {
		return reply{}, deny(400, "bad_request", "The body: %v.", body.err)
	}
	o.InvalidateTokens()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.apiKey, o.apiSecret = key, secret
	return reply{status: 204}, nil
}

// setKey answers PUT /v1/auth/signing. The names of its members could not be read; here
// they are publicKey, which is base64 of a PEM, and keyId in the answer.
func (o *OffBlocks) setKey(seen *Request) (reply, *denial) {
	body := readObject(seen.Body)
	body.only("publicKey")
	encoded := body.text("publicKey")
	if body.err != nil {
		return reply{}, deny(400, "bad_request", "The body: %v.", body.err)
	}
	key, err := parseOffBlocksKey(encoded)
	if err != nil {
		return reply{}, deny(400, "bad_request", "publicKey: %v.", err)
	}
	id, err := o.RegisterKey(key)
	if err != nil {
		return reply{}, deny(400, "bad_request", "publicKey: %v.", err)
	}
	return replyWith(200, map[string]string{"keyId": id}), nil
}

func parseOffBlocksKey(encoded string) (*ecdsa.PublicKey, error) {
	text, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("it is not the PEM of a PUBLIC KEY")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("it is not a key of ECDSA")
	}
	return key, nil
}

// RegisterKey registers a key and returns its id. The key before it is worthless at once:
// there is one key at a time. It fails when the key is not on P-384.
func (o *OffBlocks) RegisterKey(key *ecdsa.PublicKey) (id string, err error) {
	if key == nil || key.Curve != elliptic.P384() {
		return "", errors.New("it is not on P-384")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.key, o.keyID = key, uuid.NewString()
	return o.keyID, nil
}
