package dfns

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/partnersign/partnersign/signer"
)

// A question is the body of POST /auth/action/init.
type question struct {
	Payload *string `json:"userActionPayload"`
	Method  string  `json:"userActionHttpMethod"`
	Path    string  `json:"userActionHttpPath"`
	Kind    string  `json:"userActionServerKind"`
}

// fakeDfns gives challenges and takes signatures, each once. It knows one
// credential.
type fakeDfns struct {
	public crypto.PublicKey
	// answer, if it is not nil, may answer the n-th call, from 0, instead.
	answer func(n int, path string) (*http.Response, error)

	mu         sync.Mutex
	calls      []string // paths
	challenges map[string]question
	granted    map[string]question // by user action
}

func newFakeDfns(public crypto.PublicKey) *fakeDfns {
	return &fakeDfns{public: public, challenges: map[string]question{}, granted: map[string]question{}}
}

func respond(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		h.Add(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// call is a Caller.
func (d *fakeDfns) call(_ context.Context, _ *signer.Request, method, path string, body []byte) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.calls)
	d.calls = append(d.calls, path)
	if d.answer != nil {
		if res, err := d.answer(n, path); res != nil || err != nil {
			return res, err
		}
	}
	switch method + " " + path {
	case "POST /auth/action/init":
		return d.init(n, body)
	case "POST /auth/action":
		return d.action(n, body)
	}
	return respond(404, `{"message":"Not Found"}`), nil
}

func (d *fakeDfns) init(n int, body []byte) (*http.Response, error) {
	var q question
	if err := decode(body, &q); err != nil || q.Payload == nil || q.Kind != "Api" {
		return respond(400, `{"error":{"message":"bad request"}}`), nil
	}
	challenge := fmt.Sprintf("challenge-%d", n)
	d.challenges[challenge] = q
	return respond(200, fmt.Sprintf(`{"challenge":%q,"challengeIdentifier":"id of %s","supportedCredentialKinds":[],
		"allowCredentials":{"key":[{"type":"public-key","id":%q}],"webauthn":[]}}`, challenge, challenge, credentialID)), nil
}

func (d *fakeDfns) action(n int, body []byte) (*http.Response, error) {
	var answer struct {
		ID     string `json:"challengeIdentifier"`
		Factor struct {
			Kind      string `json:"kind"`
			Assertion struct {
				CredentialID string `json:"credId"`
				ClientData   string `json:"clientData"`
				Signature    string `json:"signature"`
			} `json:"credentialAssertion"`
		} `json:"firstFactor"`
	}
	err := decode(body, &answer)
	data, signature := answer.Factor.Assertion.ClientData, answer.Factor.Assertion.Signature
	challenge := strings.TrimPrefix(answer.ID, "id of ")
	q, ok := d.challenges[challenge]
	delete(d.challenges, challenge)
	want := base64.RawURLEncoding.EncodeToString([]byte(`{"challenge":"` + challenge + `","type":"key.get"}`))
	if err != nil || !ok || answer.Factor.Kind != "Key" || answer.Factor.Assertion.CredentialID != credentialID || data != want || !d.verifies(data, signature) {
		return respond(400, `{"error":{"message":"bad challenge"}}`), nil
	}
	token := fmt.Sprintf("user-action-%d", n)
	d.granted[token] = q
	return respond(200, `{"userAction":"`+token+`"}`), nil
}

// decode is strict: nothing is sent that Dfns does not know.
func decode(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (d *fakeDfns) verifies(data, signature string) bool {
	message, err := base64.RawURLEncoding.DecodeString(data)
	if err != nil {
		return false
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	return verifies(d.public, message, sig)
}

// verifies checks a signature as Dfns says that they are made.
func verifies(public crypto.PublicKey, message, sig []byte) bool {
	digest := sha256.Sum256(message)
	switch public := public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, message, sig)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest[:], sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], sig) == nil
	case *secp256k1.PublicKey:
		parsed, err := secp256k1ecdsa.ParseDERSignature(sig)
		return err == nil && parsed.Verify(digest[:], public)
	}
	return false
}
