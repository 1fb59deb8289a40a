package token_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// Nothing that holds a secret or a token prints it.
func TestPrinting(t *testing.T) {
	const canary = "canary"
	secret := fixed(canary + string(unique()))
	client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		if strings.Contains(req.URL.Path, "fail") {
			return nil, errors.New("broken by " + canary)
		}
		return respond(200, `{"access_token":"`+canary+`","expires_in":60}`), nil
	})}
	fields := []token.Field{{Name: "name", Value: secret}}
	oauth2Options := token.OAuth2Options{TokenURL: "https://auth.example/?" + canary, ClientID: secret, ClientSecret: secret, Params: fields, Client: client}
	endpointOptions := token.EndpointOptions{URL: "https://auth.example/fail?" + canary, JSON: fields, Headers: fields, Client: client}
	keyOptions := oauth2Options
	keyOptions.ClientSecret, keyOptions.Key = nil, must(keys.NewKey(rsaKey, keys.RSAv15SHA256))
	withSecret, withKey, own := must(token.NewOAuth2(oauth2Options)), must(token.NewOAuth2(keyOptions)), must(token.NewEndpoint(endpointOptions))
	grant := must(withSecret.Grant(time.Now()))
	issued := must(grant.Fetch(t.Context(), time.Now()))
	var events []token.Event
	cache := token.NewCache(withSecret, token.CacheOptions{Observe: func(e token.Event) { events = append(events, e) }})
	wantToken(t, cache, canary)
	failing := token.NewCache(own, token.CacheOptions{Observe: func(e token.Event) { events = append(events, e) }})
	_, failure := apply(t.Context(), failing)
	wantProblem(t, failure, "no token from auth.example: it did not answer")
	bearer := token.Bearer{Token: secret, Cache: cache}
	for _, v := range []any{
		oauth2Options, &oauth2Options, endpointOptions, withSecret, *withSecret, withKey, *withKey, own, *own, fields, fields[0],
		grant, &grant, issued, &issued, []token.Token{issued}, map[string]any{"a": issued}, struct{ T token.Token }{issued},
		cache, failing, struct{ s *token.OAuth2 }{withSecret}, struct{ s token.Endpoint }{*own}, struct{ c *token.Cache }{cache}, struct{ C *token.Cache }{cache},
		bearer, &token.Bearers{Tokens: []token.Bearer{bearer}}, &token.Basic{User: secret, Password: secret},
		events, failure, errors.Unwrap(failure),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(strings.ToLower(text), canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
				t.Errorf("%T prints with %s: %s", v, verb, text)
			}
		}
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", issued, "events", events)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", issued, "nested", []token.Token{issued})
	if text := log.String() + string(must(json.Marshal([]any{issued, &issued, events, withSecret, cache}))); strings.Contains(text, canary) {
		t.Errorf("logged %s", text)
	}
}

// A problem of a value is what the client is told; another error is for the log.
func TestBearerErrors(t *testing.T) {
	expired := signer.CredentialUnavailable.Problem("the token expired")
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("wrapped: %w", expired), "the token expired"},
		{errors.New("{file./run/token}: no such file"), "the bearer token is not available; the proxy's log says why"},
	} {
		bearers := &token.Bearers{Tokens: []token.Bearer{{Token: newChanging(test.err)}}}
		r := &signer.Request{Method: "GET", Path: "/", Header: http.Header{}}
		wantProblem(t, bearers.Apply(t.Context(), r), test.want)
		if bearers.Ready(time.Now()) == nil {
			t.Error("ready")
		}
	}
}

// Each request has the first token that is for it.
func TestBearersMatch(t *testing.T) {
	s := &server{life: time.Hour}
	bearers := &token.Bearers{Tokens: []token.Bearer{
		{Token: fixed("fixed"), On: must(signer.ParseMatch("GET", "/a/**"))},
		{Cache: s.cache(unique()), On: must(signer.ParseMatch("*", "/a/**", "/b"))},
	}}
	for target, want := range map[string]string{"GET /a/x": "Bearer fixed", "POST /a/x": "Bearer t1", "GET /b": "Bearer t1", "GET /c": ""} {
		method, path, _ := strings.Cut(target, " ")
		r := &signer.Request{Method: method, Path: path, Header: http.Header{}, Now: time.Now()}
		if err := bearers.Apply(t.Context(), r); err != nil || r.Header.Get("Authorization") != want {
			t.Errorf("%s: %q, %v", target, r.Header.Get("Authorization"), err)
		}
	}
	if err := bearers.Ready(time.Now()); err != nil {
		t.Error(err)
	}
}
