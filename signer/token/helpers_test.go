package token_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/token"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A fixed value never changes.
type fixed string

func (f fixed) Value(time.Time) (string, error) { return string(f), nil }

// A changing value is a secret in a file.
type changing struct{ value atomic.Value } // of string or error

func newChanging(v any) *changing {
	c := new(changing)
	c.value.Store(&v)
	return c
}

func (c *changing) set(v any) { c.value.Store(&v) }

func (c *changing) Value(time.Time) (string, error) {
	switch v := (*c.value.Load().(*any)).(type) {
	case error:
		return "", v
	default:
		return v.(string), nil
	}
}

var serial atomic.Int64

// unique is a secret that no other test has: tokens are kept for the process.
func unique() fixed { return fixed("secret-" + strconv.FormatInt(serial.Add(1), 10)) }

// newTLSServer is a server over a real connection that keeps to itself which
// handshakes its clients gave up.
func newTLSServer(t testing.TB, handler http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// A server is a token endpoint without a network. Its tokens are t1, t2 and so on.
type server struct {
	issued atomic.Int64
	life   time.Duration
	delay  time.Duration
	fail   atomic.Pointer[http.Response] // instead of a token; its body is empty
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	n := s.issued.Add(1)
	_, _ = io.Copy(io.Discard, req.Body)
	select {
	case <-time.After(s.delay):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if res := s.fail.Load(); res != nil {
		failed := *res
		failed.Body = http.NoBody
		return &failed, nil
	}
	return respond(200, fmt.Sprintf(`{"access_token":"t%d","token_type":"bearer","expires_in":%d}`, n, int(s.life.Seconds()))), nil
}

func (s *server) client() *http.Client { return &http.Client{Transport: s} }

// source is an OAuth2 source at s.
func (s *server) source(secret signer.Value) *token.OAuth2 {
	return must(token.NewOAuth2(token.OAuth2Options{
		TokenURL:     "https://auth.example/token",
		ClientID:     fixed("client"),
		ClientSecret: secret,
		Client:       s.client(),
	}))
}

func (s *server) cache(secret signer.Value) *token.Cache {
	return token.NewCache(s.source(secret), token.CacheOptions{})
}

// apply is what a request would be sent with.
func apply(ctx context.Context, c *token.Cache) (string, error) {
	bearers := &token.Bearers{Tokens: []token.Bearer{{Cache: c}}}
	r := &signer.Request{Method: "GET", Path: "/", Header: http.Header{}, Now: time.Now(), Body: new(signer.Body)}
	err := bearers.Apply(ctx, r)
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), err
}

func wantToken(t testing.TB, c *token.Cache, want string) {
	t.Helper()
	if got, err := apply(t.Context(), c); got != want || err != nil {
		t.Errorf("token %q, %v, want %q", got, err, want)
	}
}

// wantProblem checks that err is a problem that says this.
func wantProblem(t testing.TB, err error, detail string) *signer.Problem {
	t.Helper()
	problem, ok := errors.AsType[*signer.Problem](err)
	if !ok {
		t.Fatalf("error %v, want a problem that says %q", err, detail)
	}
	if problem.Name != signer.CredentialUnavailable.Name || !strings.Contains(problem.Detail, detail) {
		t.Errorf("problem %v, want %q", problem, detail)
	}
	return problem
}
