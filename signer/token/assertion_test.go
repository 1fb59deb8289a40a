package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

var rsaKey = must(rsa.GenerateKey(rand.Reader, 2048))

// Assertions are as RFC 7523 section 3 wants them, by the judgement of another
// implementation.
func TestAssertion(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	seen := map[string]bool{}
	for algorithm, key := range map[jose.SignatureAlgorithm]crypto.Signer{
		jose.RS256: rsaKey,
		jose.PS512: rsaKey,
		jose.ES256: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		jose.ES384: must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		jose.ES512: must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
		jose.EdDSA: must2(ed25519.GenerateKey(rand.Reader)),
	} {
		algorithms := must(token.AssertionAlgorithms(string(algorithm)))
		o := token.OAuth2Options{
			TokenURL: "https://as.example.com/token.oauth2", ClientID: fixed("my client"),
			Key: must(keys.NewKey(key, algorithms[0])), KeyID: fixed("22"),
		}
		for range 2 {
			got, _, err := ask(t, now, bearerAnswer, oauth2(o))
			if err != nil {
				t.Fatal(algorithm, err)
			}
			prefix := "grant_type=client_credentials&client_id=my+client&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
			if !strings.HasPrefix(got.body, prefix) || got.Header["Authorization"] != nil {
				t.Errorf("%s: %q, Authorization %q", algorithm, got.body, got.Header["Authorization"])
			}
			parsed, err := jwt.ParseSigned(must(url.ParseQuery(got.body)).Get("client_assertion"), []jose.SignatureAlgorithm{algorithm})
			if err != nil {
				t.Fatal(algorithm, err)
			}
			if h := parsed.Headers[0]; h.KeyID != "22" || h.JSONWebKey != nil || h.ExtraHeaders["typ"] != "JWT" {
				t.Errorf("%s: header %+v", algorithm, h)
			}
			var claims jwt.Claims
			if err := parsed.Claims(key.Public(), &claims); err != nil {
				t.Fatal(algorithm, err)
			}
			if claims.Issuer != "my client" || claims.Subject != "my client" || !slices.Equal(claims.Audience, []string{o.TokenURL}) ||
				!claims.IssuedAt.Time().Equal(now) || !claims.Expiry.Time().Equal(now.Add(time.Minute)) || len(claims.ID) != 36 || seen[claims.ID] {
				t.Errorf("%s: claims %+v", algorithm, claims)
			}
			seen[claims.ID] = true
		}
	}
}

func must2[A, B any](_ A, b B, err error) B { return must(b, err) }

// Without a key id there is none; the audience can be the server's issuer.
func TestAssertionOptions(t *testing.T) {
	o := token.OAuth2Options{
		TokenURL: "https://as.example.com/token", ClientID: fixed("c"),
		Key: must(keys.NewKey(rsaKey, keys.RSAv15SHA256)), AssertionAudience: "https://as.example.com",
	}
	got, _, err := ask(t, time.Now(), bearerAnswer, oauth2(o))
	if err != nil {
		t.Fatal(err)
	}
	parsed := must(jwt.ParseSigned(must(url.ParseQuery(got.body)).Get("client_assertion"), []jose.SignatureAlgorithm{jose.RS256}))
	var claims jwt.Claims
	if err := parsed.Claims(rsaKey.Public(), &claims); err != nil || !slices.Equal(claims.Audience, []string{o.AssertionAudience}) || parsed.Headers[0].KeyID != "" {
		t.Errorf("%v, %+v, %+v", err, claims, parsed.Headers)
	}
}

func TestAssertionAlgorithms(t *testing.T) {
	all := must(token.AssertionAlgorithms(""))
	if len(all) != 5 || slices.Contains(all, keys.RSAPSSSHA512) {
		t.Errorf("by default %v", all)
	}
	for _, name := range []string{"HS256", "none", "rsa-v1_5-sha256"} {
		if _, err := token.AssertionAlgorithms(name); err == nil || err.Error() != "unknown algorithm: expected one of RS256, PS512, ES256, ES384, ES512, EdDSA" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each key has tokens of its own.
func TestSharingByKey(t *testing.T) {
	s := &server{life: time.Hour}
	id := unique()
	first, second := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	use := func(key crypto.Signer, keyID string) *token.Cache {
		return token.NewCache(must(token.NewOAuth2(token.OAuth2Options{
			TokenURL: "https://auth.example/token", ClientID: id, Key: must(keys.NewKey(key, "")), KeyID: fixed(keyID), Client: s.client(),
		})), token.CacheOptions{})
	}
	wantToken(t, use(first, "1"), "t1")
	wantToken(t, use(second, "1"), "t2")
	wantToken(t, use(first, "2"), "t3")
	wantToken(t, use(first, "1"), "t1")
}
