package token_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// A sent request is what an endpoint got.
type sent struct {
	*http.Request
	body string
}

// ask fetches a token once, with an answer, and returns the request.
func ask(t testing.TB, now time.Time, answer string, source func(*http.Client) token.Source) (got sent, _ token.Token, _ error) {
	t.Helper()
	client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		got = sent{req, string(must(io.ReadAll(req.Body)))}
		return respond(200, answer), nil
	})}
	grant, err := source(client).Grant(now)
	if err != nil {
		return got, token.Token{}, err
	}
	issued, err := grant.Fetch(t.Context(), now)
	return got, issued, err
}

func oauth2(o token.OAuth2Options) func(*http.Client) token.Source {
	return func(c *http.Client) token.Source {
		o.Client = c
		return must(token.NewOAuth2(o))
	}
}

const bearerAnswer = `{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600,"example_parameter":"example_value"}`

// The request and the answer of RFC 6749 section 4.4, with the credentials of
// section 2.3.1.
func TestRFC6749(t *testing.T) {
	now := time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC)
	o := token.OAuth2Options{
		TokenURL: "https://server.example.com/token", ClientID: fixed("s6BhdRkqt3"), ClientSecret: fixed("gX1fBat3bV"),
	}
	got, issued, err := ask(t, now, bearerAnswer, oauth2(o))
	if err != nil || issued.Value != "2YotnFZFEjr1zCsicMWpAA" || !issued.Expiry.Equal(now.Add(time.Hour)) {
		t.Errorf("%q until %v, %v", issued.Value, issued.Expiry, err)
	}
	if got.Method != "POST" || got.URL.String() != o.TokenURL || got.body != "grant_type=client_credentials" ||
		got.Header.Get("Authorization") != "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW" ||
		got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || got.Header.Get("Accept") != "application/json" {
		t.Errorf("%s %v %v %q", got.Method, got.URL, got.Header, got.body)
	}
	o.ClientSecret = fixed("7Fjfp0ZBr1KtDRbnfVdmIw")
	if got, _, _ := ask(t, now, bearerAnswer, oauth2(o)); got.Header.Get("Authorization") != "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3" {
		t.Errorf("Authorization %q", got.Header.Get("Authorization"))
	}
	o.SecretInBody = true
	got, _, _ = ask(t, now, bearerAnswer, oauth2(o))
	if got.body != "grant_type=client_credentials&client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw" || got.Header["Authorization"] != nil {
		t.Errorf("%q, Authorization %q", got.body, got.Header["Authorization"])
	}
	// As printed in section 4.4.3 it is for another type of token.
	_, _, err = ask(t, now, strings.Replace(bearerAnswer, "Bearer", "example", 1), oauth2(o))
	wantProblem(t, err, "no token from server.example.com: its token is not a bearer token (token_type)")
}

// Id and secret are encoded as in a form before they are put together.
func TestBasicEncoding(t *testing.T) {
	got, _, _ := ask(t, time.Now(), bearerAnswer, oauth2(token.OAuth2Options{
		TokenURL: "https://server.example.com/token", ClientID: fixed("a:b c"), ClientSecret: fixed("p+%&=ü/ "),
	}))
	if user, password, _ := got.BasicAuth(); user != "a%3Ab+c" || password != "p%2B%25%26%3D%C3%BC%2F+" {
		t.Errorf("%q, %q", user, password)
	}
}

func TestOAuth2Parameters(t *testing.T) {
	got, _, err := ask(t, time.Now(), bearerAnswer, oauth2(token.OAuth2Options{
		TokenURL: "https://server.example.com/token?v=1", ClientID: fixed("c"), ClientSecret: fixed("s"),
		Scopes: []string{"read:all", "write"}, Audience: fixed("https://api.example/"),
		Params: []token.Field{{"resource", fixed("https://a.example")}, {"resource", fixed("b&c")}},
	}))
	want := "grant_type=client_credentials&scope=read%3Aall+write&audience=https%3A%2F%2Fapi.example%2F&resource=https%3A%2F%2Fa.example&resource=b%26c"
	if err != nil || got.body != want || got.URL.RawQuery != "v=1" {
		t.Errorf("%q to %v, %v", got.body, got.URL, err)
	}
}

func TestOAuth2Options(t *testing.T) {
	hmac := must(keys.NewHMACKey([]byte("shared")))
	for want, change := range map[string]func(*token.OAuth2Options){
		"expected the URL":               func(o *token.OAuth2Options) { o.TokenURL = "auth.example/token" },
		"expected the URL of":            func(o *token.OAuth2Options) { o.TokenURL = "https://user:hidden@auth.example/" },
		"expected the URL of the":        func(o *token.OAuth2Options) { o.TokenURL = "https://auth.example/#hidden" },
		"expected the URL of the token":  func(o *token.OAuth2Options) { o.TokenURL = "ftp://auth.example/hidden" },
		"on localhost or a loopback":     func(o *token.OAuth2Options) { o.TokenURL = "http://auth.example/hidden" },
		"client_id is missing":           func(o *token.OAuth2Options) { o.ClientID = nil },
		"has a client_secret or a key":   func(o *token.OAuth2Options) { o.ClientSecret = nil },
		"has a client_secret or a key:":  func(o *token.OAuth2Options) { o.Key = hmac },
		"a key id and an audience":       func(o *token.OAuth2Options) { o.KeyID = fixed("k") },
		"goes into the header or":        func(o *token.OAuth2Options) { o.ClientSecret, o.Key, o.SecretInBody = nil, hmac, true },
		"not signed with hmac-sha256":    func(o *token.OAuth2Options) { o.ClientSecret, o.Key = nil, hmac },
		"give each scope on its own":     func(o *token.OAuth2Options) { o.Scopes = []string{"a b"} },
		"scope is set already":           func(o *token.OAuth2Options) { o.Params = []token.Field{{"scope", fixed("a")}} },
		"client_secret is set already":   func(o *token.OAuth2Options) { o.Params = []token.Field{{"client_secret", fixed("a")}} },
		"a field has a name and a value": func(o *token.OAuth2Options) { o.Params = []token.Field{{"", fixed("a")}} },
		"a token's life is positive":     func(o *token.OAuth2Options) { o.Life = -1 },
	} {
		o := token.OAuth2Options{TokenURL: "https://auth.example/token", ClientID: fixed("c"), ClientSecret: fixed("s")}
		change(&o)
		if s, err := token.NewOAuth2(o); err == nil || s != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, url := range []string{"http://localhost:8080/t", "http://LOCALHOST/t", "http://127.0.0.1/t", "http://[::1]:1/t", "https://auth.example"} {
		if _, err := token.NewOAuth2(token.OAuth2Options{TokenURL: url, ClientID: fixed("c"), ClientSecret: fixed("s")}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
