package dfns

import (
	"cmp"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/partnersign/partnersign/signer"
)

// DefaultWarn is how long before a token expires TokenOptions.Expires begins to
// be called: 7 days.
const DefaultWarn = 7 * 24 * time.Hour

// Urgent is the time that is left when a warning should become an alarm: a day.
const Urgent = 24 * time.Hour

// TokenOptions describe a token. Token is required.
type TokenOptions struct {
	// Token is the token of a service account or a personal access token.
	Token signer.Value
	// Warn is how long before its end Expires is called. Default: DefaultWarn.
	Warn time.Duration
	// Expires is told how much time the token has left, negative once it has
	// expired, at most once an hour and only while the token is used. It runs
	// within a request. Default: nobody is told.
	Expires func(left time.Duration)
}

// A Token is a bearer token that knows when it expires. Dfns cannot renew it:
// somebody must make a new one in time. What is not a JWT is passed as it is.
type Token struct {
	o      TokenOptions
	parsed atomic.Pointer[parsedToken]
	told   atomic.Int64 // Unix time in nanoseconds; 0: never
}

type parsedToken struct {
	token   string
	expiry  time.Time
	expires bool
}

// NewToken makes a token.
func NewToken(o TokenOptions) *Token {
	o.Warn = cmp.Or(o.Warn, DefaultWarn)
	return &Token{o: o}
}

// Value implements signer.Value. A token that has expired is
// signer.CredentialUnavailable.
func (t *Token) Value(now time.Time) (string, error) {
	token, err := t.o.Token.Value(now)
	if err != nil {
		return "", err
	}
	expiry, ok := t.expiry(token)
	if !ok {
		return token, nil
	}
	left := expiry.Sub(now)
	if left < t.o.Warn {
		t.tell(now, left)
	}
	if left <= 0 {
		return "", signer.CredentialUnavailable.Problem("the Dfns token expired at %s; make a new one at Dfns and put it in its place", expiry.UTC().Format(time.RFC3339))
	}
	return token, nil
}

// expiry reads a token once, for all requests that use it.
func (t *Token) expiry(token string) (time.Time, bool) {
	p := t.parsed.Load()
	if p == nil || p.token != token {
		p = &parsedToken{token: token}
		p.expiry, p.expires = Expiry(token)
		t.parsed.Store(p)
	}
	return p.expiry, p.expires
}

func (t *Token) tell(now time.Time, left time.Duration) {
	told := t.told.Load()
	if t.o.Expires == nil || told != 0 && time.Duration(now.UnixNano()-told).Abs() < time.Hour {
		return
	}
	if t.told.CompareAndSwap(told, now.UnixNano()) {
		t.o.Expires(left)
	}
}

// jwtAlgorithms are those by which a JWT is recognised. Dfns signs its own with
// EdDSA; nothing is verified here.
var jwtAlgorithms = []jose.SignatureAlgorithm{
	jose.EdDSA, jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.RS384, jose.RS512,
	jose.PS256, jose.PS384, jose.PS512, jose.HS256, jose.HS384, jose.HS512,
}

// Expiry is when a token expires, by its claim exp (RFC 7519 section 4.1.4). It
// is false for what is not a JWT, and for one that does not say.
func Expiry(token string) (time.Time, bool) {
	parsed, err := jwt.ParseSigned(token, jwtAlgorithms)
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expiry *jwt.NumericDate `json:"exp"`
	}
	if parsed.UnsafeClaimsWithoutVerification(&claims) != nil || claims.Expiry == nil {
		return time.Time{}, false
	}
	return claims.Expiry.Time(), true
}
