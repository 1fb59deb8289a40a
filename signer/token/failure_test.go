package token_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

// What goes wrong at an endpoint is told in words of our own.
func TestFailures(t *testing.T) {
	const leak = "leaked-by-the-endpoint"
	mux := http.NewServeMux()
	for path, answer := range map[string]struct {
		status int
		body   string
	}{
		"/400":     {400, `{"error":"invalid_scope","error_description":"` + leak + `"}`},
		"/401":     {401, `{"error":"invalid_client","error_description":"` + leak + `"}`},
		"/unknown": {400, `{"error":"` + leak + `"}`},
		"/object":  {400, `{"error":{"message":"` + leak + `"}}`},
		"/503":     {503, leak},
		"/garbage": {200, leak},
		"/array":   {200, `["` + leak + `"]`},
		"/empty":   {200, ``},
		"/none":    {200, `{"token":"` + leak + `"}`},
		"/huge":    {200, `{"x":"` + strings.Repeat("x", 1<<20) + `"}`},
		"/204":     {204, ""},
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.body))
		})
	}
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "/stolen", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/stolen", func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(leak))
	})
	mux.HandleFunc("/malformed", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_, _ = conn.Write([]byte(leak + "\r\n\r\n"))
		_ = conn.Close()
	})
	endpoint := httptest.NewServer(mux)
	defer endpoint.Close()
	untrusted := newTLSServer(t, mux)
	closed := must(net.Listen("tcp", "127.0.0.1:0"))
	_ = closed.Close()

	for url, want := range map[string]string{
		endpoint.URL + "/400":                              "it answered 400 invalid_scope; check the scopes",
		endpoint.URL + "/401":                              "it answered 401 invalid_client; check the client's id and its secret",
		endpoint.URL + "/unknown":                          "it answered 400",
		endpoint.URL + "/object":                           "it answered 400",
		endpoint.URL + "/503":                              "it answered 503",
		endpoint.URL + "/garbage":                          "its answer is not JSON",
		endpoint.URL + "/array":                            "there is no token at /access_token in its answer",
		endpoint.URL + "/empty":                            "its answer is not JSON",
		endpoint.URL + "/none":                             "there is no token at /access_token in its answer",
		endpoint.URL + "/huge":                             "its answer is longer than 1 MiB",
		endpoint.URL + "/204":                              "its answer is not JSON",
		endpoint.URL + "/redirect":                         "it answered with a redirect (307), which is not followed",
		endpoint.URL + "/broken":                           "it did not answer",
		endpoint.URL + "/malformed":                        "it did not answer",
		untrusted.URL + "/garbage":                         "its certificate is not accepted",
		"http://" + closed.Addr().String() + "/?q=" + leak: "it cannot be reached",
	} {
		secret := string(unique())
		source := must(token.NewOAuth2(token.OAuth2Options{TokenURL: url, ClientID: fixed("c"), ClientSecret: fixed(secret)}))
		var events []token.Event
		cache := token.NewCache(source, token.CacheOptions{Observe: func(e token.Event) { events = append(events, e) }})
		_, err := apply(t.Context(), cache)
		problem := wantProblem(t, err, "no token from "+source.Host()+": "+want)
		if text := fmt.Sprintf("%v %+v %#v %v", err, problem, problem, problem.Cause); strings.Contains(text, leak) || strings.Contains(text, secret) {
			t.Errorf("%s: it says %s", url, text)
		}
		if retry := problem.RetryAfter == 7*time.Second; retry != (strings.Contains(want, "answered 4") || strings.Contains(want, "answered 503")) || problem.RetryAfter == 0 {
			t.Errorf("%s: retry after %v", url, problem.RetryAfter)
		}
		if _, again := apply(t.Context(), cache); again == nil || again.Error() != err.Error() {
			t.Errorf("%s: then %v", url, again)
		}
	}
}

// Of another's source only what it says of itself is told.
func TestForeignSource(t *testing.T) {
	told := signer.CredentialUnavailable.Problem("the vault is sealed")
	for _, test := range []struct {
		token token.Token
		err   error
		want  string
	}{
		{err: fmt.Errorf("wrapped: %w", told), want: "the vault is sealed"},
		{err: fmt.Errorf("secret text"), want: "no token from vault: it failed; the proxy's log says why"},
		{want: "no token from vault: its token is empty"},
		{token: token.Token{Value: "x"}, want: "no token from vault: its token has expired already"},
		{token: token.Token{Value: "x\n", Expiry: time.Now().Add(time.Hour)}, want: "no token from vault: its token holds a space"},
	} {
		source := foreign{string(unique()), func(context.Context, time.Time) (token.Token, error) { return test.token, test.err }}
		_, err := apply(t.Context(), token.NewCache(source, token.CacheOptions{}))
		wantProblem(t, err, test.want)
	}
}

type foreign struct {
	id    string
	fetch func(context.Context, time.Time) (token.Token, error)
}

func (foreign) Host() string { return "vault" }

func (f foreign) Grant(time.Time) (token.Grant, error) {
	var id token.ID
	copy(id[:], f.id)
	return token.Grant{ID: id, Fetch: f.fetch}, nil
}
