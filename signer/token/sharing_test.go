package token_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer/token"
)

// Tokens outlive the cache, as on a reload, and are those of their settings.
func TestSharing(t *testing.T) {
	s := &server{life: time.Hour}
	secret := unique()
	wantToken(t, s.cache(secret), "t1")
	wantToken(t, s.cache(secret), "t1")
	wantToken(t, s.cache(unique()), "t2")
	base := token.OAuth2Options{
		TokenURL: "https://auth.example/token", ClientID: fixed("client"), ClientSecret: secret, Client: &http.Client{Transport: s},
	}
	want := func(want string, change func(*token.OAuth2Options)) {
		t.Helper()
		o := base
		change(&o)
		wantToken(t, token.NewCache(must(token.NewOAuth2(o)), token.CacheOptions{}), want)
	}
	want("t1", func(*token.OAuth2Options) {})
	want("t3", func(o *token.OAuth2Options) { o.TokenURL += "2" })
	want("t4", func(o *token.OAuth2Options) { o.ClientID = fixed("other") })
	want("t5", func(o *token.OAuth2Options) { o.Scopes = []string{"a", "b"} })
	want("t6", func(o *token.OAuth2Options) { o.Scopes = []string{"a"} })
	want("t7", func(o *token.OAuth2Options) { o.Audience = fixed("https://api.example") })
	want("t8", func(o *token.OAuth2Options) { o.Audience = fixed("") })
	want("t9", func(o *token.OAuth2Options) { o.Params = []token.Field{{Name: "resource", Value: fixed("a")}} })
	want("t10", func(o *token.OAuth2Options) { o.Params = []token.Field{{Name: "resourcea", Value: fixed("")}} })
	want("t11", func(o *token.OAuth2Options) { o.SecretInBody = true })
	want("t12", func(o *token.OAuth2Options) { o.Life = time.Hour })
	want("t1", func(*token.OAuth2Options) {})
}

// A secret that changes while the cache lives has tokens of its own, and one
// that is taken away has none.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		first := string(unique())
		secret := newChanging(first)
		c := s.cache(secret)
		wantToken(t, c, "t1")
		secret.set(string(unique()))
		time.Sleep(time.Second)
		wantToken(t, c, "t2")
		secret.set(errors.New("{file./run/secret}: no such file"))
		time.Sleep(time.Second)
		_, err := apply(t.Context(), c)
		problem := wantProblem(t, err, "no token from auth.example: a secret that it wants is not available; the proxy's log says why")
		if problem.Cause == nil || problem.Cause.Error() != "client_secret: {file./run/secret}: no such file" {
			t.Errorf("cause %v", problem.Cause)
		}
		if err := c.Ready(time.Now()); err == nil {
			t.Error("ready without its secret")
		}
		secret.set(first)
		wantToken(t, c, "t1")
		if err := c.Ready(time.Now()); err != nil {
			t.Error(err)
		}
	})
}
