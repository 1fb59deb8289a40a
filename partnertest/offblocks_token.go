package partnertest

import (
	"crypto/rand"
	"crypto/subtle"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

// issue answers POST /v1/auth/token, which carries no authentication of its own
// (docs.offblocks.xyz, "Authentication").
func (o *OffBlocks) issue(seen *Request) (reply, *denial) {
	for _, name := range []string{"Authorization", "Signature", "Signature-Input"} {
		if seen.Header.Has(name) {
			return reply{}, deny(400, "bad_request", "The token call has %s, and carries no authentication.", name)
		}
	}
	body := readObject(seen.Body)
	body.only("apiKey", "apiSecret")
	key, secret := body.text("apiKey"), body.text("apiSecret")
	if body.err != nil {
		return reply{}, deny(400, "bad_request", "The body: %v.", body.err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	sameKey := subtle.ConstantTimeCompare([]byte(key), []byte(o.apiKey))
	if sameKey&subtle.ConstantTimeCompare([]byte(secret), []byte(o.apiSecret)) != 1 {
		return reply{}, deny(401, "unauthorized", "apiKey and apiSecret are not those of the account.")
	}
	expires := o.verifier.now().Add(o.opts.TokenLife).Truncate(time.Second)
	token := newOffBlocksToken(key, expires)
	o.tokens[token] = expires
	o.minted++
	return replyWith(200, struct {
		Token     string `json:"token"`
		ExpiresAt int64  `json:"expiresAt"`
		TokenType string `json:"tokenType"`
	}{token, expires.Unix(), "Bearer"}), nil
}

// newOffBlocksToken makes a JWT. It is known by its text: nothing verifies it.
func newOffBlocksToken(subject string, expires time.Time) string {
	secret := make([]byte, 32)
	rand.Read(secret)
	key := jose.SigningKey{Algorithm: jose.HS256, Key: secret}
	signer, err := jose.NewSigner(key, new(jose.SignerOptions).WithType("JWT"))
	if err != nil {
		panic(err) // the key is fit for HS256
	}
	claims := jwt.Claims{ID: uuid.NewString(), Subject: subject, Expiry: jwt.NewNumericDate(expires)}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		panic(err) // the claims have a JSON
	}
	return token
}

// bearer checks that a call carries a token that was issued and is alive.
func (o *OffBlocks) bearer(seen *Request) *denial {
	token, why := bearerOf(seen)
	if why != nil {
		return why
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	expires, known := o.tokens[token]
	switch {
	case !known:
		return deny(401, "unauthorized", "The token was not issued here, or is not valid any more.")
	case !o.verifier.now().Before(expires):
		return deny(401, "unauthorized", "The token has expired.")
	}
	return nil
}

// InvalidateTokens makes every token issued so far worthless, as
// PUT /v1/auth/credentials does.
func (o *OffBlocks) InvalidateTokens() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.tokens)
}
