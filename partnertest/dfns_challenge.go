package partnertest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// dfnsChallengeLife is how long a challenge may be answered ("User Action Signing", among
// the guides of docs.dfns.co).
const dfnsChallengeLife = 15 * time.Minute

// A dfnsBinding is the request that a user action is for.
type dfnsBinding struct {
	method, path, payload string
}

// A dfnsChallenge is one that was given out.
type dfnsChallenge struct {
	dfnsBinding
	challenge string
	expires   time.Time
	spent     bool
}

// challenge answers POST /auth/action/init
// (docs.dfns.co/api-reference/auth/create-user-action-challenge).
func (d *Dfns) challenge(seen *Request) (dfnsReply, *dfnsRefusal) {
	body := readObject(seen.Body)
	body.only("userActionPayload", "userActionHttpMethod", "userActionHttpPath", "userActionServerKind")
	bound := dfnsBinding{
		method:  body.text("userActionHttpMethod"),
		path:    body.text("userActionHttpPath"),
		payload: body.text("userActionPayload"),
	}
	kind := body.optional("userActionServerKind")
	switch {
	case body.err != nil:
		return dfnsReply{}, refuse(400, "The body of %s: %v.", dfnsInitPath, body.err)
	case body.has("userActionServerKind") && kind != "Api":
		return dfnsReply{}, refuse(400, "userActionServerKind is %q, where Api was expected.", kind)
	case !slices.Contains([]string{"POST", "PUT", "DELETE", "GET"}, bound.method):
		return dfnsReply{}, refuse(400, "userActionHttpMethod is %q, where POST, PUT, DELETE or GET was expected.", bound.method)
	case !strings.HasPrefix(bound.path, "/") || strings.HasPrefix(bound.path, "//"):
		return dfnsReply{}, refuse(400, "userActionHttpPath is %q, which is not a path.", bound.path)
	case strings.Contains(bound.path, "?") && !d.opts.AcceptSDKs:
		return dfnsReply{}, refuse(400, "userActionHttpPath is %q, which has a query.", bound.path)
	}

	var secret [32]byte
	rand.Read(secret[:])
	issued := &dfnsChallenge{
		dfnsBinding: bound,
		challenge:   base64.RawURLEncoding.EncodeToString([]byte(hex.EncodeToString(secret[:]))),
		expires:     d.opts.Now().Add(dfnsChallengeLife),
	}
	identifier := newDfnsToken()
	d.challenges[identifier] = issued

	type credential struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	keys := []credential{}
	for _, id := range slices.Sorted(maps.Keys(d.opts.Credentials)) {
		keys = append(keys, credential{"public-key", id})
	}
	return dfnsReply{status: 200, body: map[string]any{
		"supportedCredentialKinds":  []any{map[string]any{"kind": "Key", "factor": "first", "requiresSecondFactor": false}},
		"challenge":                 issued.challenge,
		"challengeIdentifier":       identifier,
		"userVerification":          "required",
		"attestation":               "direct",
		"externalAuthenticationUrl": "",
		"allowCredentials": map[string]any{
			"key": keys, "passwordProtectedKey": []any{}, "webauthn": []any{},
		},
	}}, nil
}

// newDfnsToken makes a token that looks like the JWTs of Dfns and says nothing.
func newDfnsToken() string {
	var signature [64]byte
	rand.Read(signature[:])
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"EdDSA","typ":"JWT"}`)) + "." +
		encode([]byte(`{"jti":"`+uuid.NewString()+`"}`)) + "." + encode(signature[:])
}
