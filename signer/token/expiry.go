package token

import (
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// jwtAlgorithms are those by which a JWT is recognised. Nothing is verified
// here: that is up to whom the token is for.
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
