package token_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

var answered = time.Unix(1700000000, 0)

// newJWT is a token that says when it ends; its signature is nobody's business.
func newJWT(exp time.Time) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"ES256"}`)) + "." + part([]byte(`{"exp":`+strconv.FormatInt(exp.Unix(), 10)+`}`)) + "." + part(make([]byte, 64))
}

func TestOAuth2Answers(t *testing.T) {
	source := oauth2(token.OAuth2Options{TokenURL: "https://auth.example/", ClientID: fixed("c"), ClientSecret: fixed("s"), Life: 7 * time.Minute})
	jwt := newJWT(answered.Add(time.Hour))
	for answer, want := range map[string]any{
		`{"access_token":"a","token_type":"bEARER","expires_in":60}`: time.Minute,
		`{"access_token":"a|b:c~+/==","expires_in":"60"}`:            time.Minute,
		`{"access_token":"a","expires_in":60.5}`:                     60500 * time.Millisecond,
		`{"access_token":"a","expires_in":1e300}`:                    time.Duration(1e9) * time.Second,
		` {"access_token":"a","token_type":null,"expires_in":null} `: 7 * time.Minute,
		`{"access_token":"a"}`:                                       7 * time.Minute,
		`{"access_token":"a","expires_in":0}`:                        7 * time.Minute,
		`{"access_token":"` + jwt + `"}`:                             time.Hour,
		`{"access_token":"a","expires_in":-1}`:                       "expired already",
		`{"access_token":"a","expires_in":-1e300}`:                   "expired already",
		`{"access_token":"` + newJWT(answered) + `"}`:                "expired already",
		`{"access_token":"a","expires_in":"soon"}`:                   "/expires_in in its answer is no number of seconds",
		`{"access_token":"a","expires_in":"inf"}`:                    "is no number of seconds",
		`{"access_token":"a","expires_in":1e999}`:                    "is no number of seconds",
		`{"access_token":"a","expires_in":true}`:                     "is no number of seconds",
		`{"access_token":"a","expires_in":{}}`:                       "is no number of seconds",
		`{"access_token":"a","token_type":"mac"}`:                    "not a bearer token",
		`{"access_token":"a","token_type":1}`:                        "not a bearer token",
		`{"access_token":"a","token_type":""}`:                       "not a bearer token",
		`{"Access_Token":"a"}`:                                       "no token at /access_token",
		`{"access_token":null}`:                                      "no token at /access_token",
		`{"access_token":1}`:                                         "no token at /access_token",
		`{"access_token":""}`:                                        "token is empty",
		`{"access_token":"a b"}`:                                     "holds a space",
		`{"access_token":"a\n"}`:                                     "holds a space",
		`{"access_token":"a\u0000"}`:                                 "holds a space",
		`{"access_token":"é"}`:                                       "holds a space",
		`{"access_token":"` + strings.Repeat("a", 32<<10+1) + `"}`:   "longer than 32 KiB",
		`null`:                    "no token at",
		`"access_token"`:          "no token at",
		`{"access_token":"a"} {}`: "not JSON",
		`{"access_token":"a"`:     "not JSON",
		`<html>`:                  "not JSON",
	} {
		_, issued, err := ask(t, answered, answer, source)
		checkAnswer(t, answer, issued, err, want)
	}
}

func checkAnswer(t *testing.T, answer string, issued token.Token, err error, want any) {
	t.Helper()
	switch want := want.(type) {
	case time.Duration:
		if err != nil || issued.Value == "" || issued.Expiry.Sub(answered) != want {
			t.Errorf("%.80s: until %v, %v, want %v", answer, issued.Expiry, err, want)
		}
	case string:
		if problem, ok := errors.AsType[*signer.Problem](err); !ok || !strings.Contains(problem.Detail, want) || issued.Value != "" {
			t.Errorf("%.80s: %v, want %s", answer, err, want)
		}
	}
}

func TestEndpointAnswers(t *testing.T) {
	at := endpoint(token.EndpointOptions{Token: "/data/0/a~1b~0", ExpiresAt: "/data/1"})
	jwt := newJWT(answered.Add(2 * time.Hour))
	for answer, want := range map[string]any{
		`{"data":[{"a/b~":"t"},1700000060]}`:                    time.Minute,
		`{"data":[{"a/b~":"t"},"1700000060"]}`:                  time.Minute,
		`{"data":[{"a/b~":"t"},1700000060500]}`:                 60500 * time.Millisecond,
		`{"data":[{"a/b~":"t"},"2023-11-14T22:14:20Z"]}`:        time.Minute,
		`{"data":[{"a/b~":"t"},"2023-11-14T23:14:20.5+01:00"]}`: 60500 * time.Millisecond,
		`{"data":[{"a/b~":"t"},null]}`:                          token.DefaultLife,
		`{"data":[{"a/b~":"` + jwt + `"}],"token_type":"x"}`:    2 * time.Hour,
		`{"data":[{"a/b~":"t"},1600000000]}`:                    "expired already",
		`{"data":[{"a/b~":"t"},"tomorrow"]}`:                    "/data/1 in its answer is no time",
		`{"data":[{"a/b~":"t"},-5]}`:                            "is no time",
		`{"data":[{"a/b~":"t"},1e30]}`:                          "is no time",
		`{"data":[{"a/b~":"t"},[]]}`:                            "is no time",
		`{"data":{"0":{"a/b~":"t"}}}`:                           token.DefaultLife,
		`{"data":[]}`:                                           "no token at /data/0/a~1b~0",
		`{"data":[{"a/b":"t"}]}`:                                "no token at",
	} {
		_, issued, err := ask(t, answered, answer, at)
		checkAnswer(t, answer, issued, err, want)
	}
	in := endpoint(token.EndpointOptions{Token: "/t", ExpiresIn: "/in"})
	for answer, want := range map[string]any{
		`{"t":"a","in":90}`: 90 * time.Second,
		`{"t":"a"}`:         token.DefaultLife,
		`{"t":"a","in":""}`: "is no number",
	} {
		_, issued, err := ask(t, answered, answer, in)
		checkAnswer(t, answer, issued, err, want)
	}
}

func TestExpiry(t *testing.T) {
	for text, want := range map[string]time.Time{newJWT(answered): answered, "opaque": {}, "a.b.c": {}, "": {}} {
		if got, ok := token.Expiry(text); !got.Equal(want) || ok != !want.IsZero() {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
}

// Whatever an endpoint answers: a token can be sent and has not expired, an
// error does not quote it.
func FuzzAnswer(f *testing.F) {
	f.Add(200, bearerAnswer)
	f.Add(200, `{"access_token":"`+newJWT(answered.Add(time.Hour))+`","expires_at":1700000060}`)
	f.Add(200, `[{"access_token":1}]`)
	f.Add(401, `{"error":"invalid_client","error_description":"said-by-it"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return respond(status, body), nil })}
		for _, source := range []token.Source{
			oauth2(token.OAuth2Options{TokenURL: "https://auth.example/", ClientID: fixed("c"), ClientSecret: fixed("s")})(client),
			endpoint(token.EndpointOptions{ExpiresAt: "/expires_at"})(client),
			endpoint(token.EndpointOptions{Token: "/0/access_token", ExpiresIn: "/1/expires_in"})(client),
		} {
			issued, err := must(source.Grant(answered)).Fetch(t.Context(), answered)
			problem, ok := errors.AsType[*signer.Problem](err)
			switch {
			case err == nil:
				if issued.Value == "" || strings.ContainsFunc(issued.Value, func(r rune) bool { return r <= ' ' || r > '~' }) || !issued.Expiry.After(answered) || status/100 != 2 {
					t.Errorf("%d %q: %q until %v", status, body, issued.Value, issued.Expiry)
				}
			case !ok || problem.Name != signer.CredentialUnavailable.Name || strings.Contains(err.Error(), "said-by-it"):
				t.Errorf("%d %q: %v", status, body, err)
			}
		}
	})
}
