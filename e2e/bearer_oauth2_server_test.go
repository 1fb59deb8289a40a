package e2e

import (
	"crypto"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// An oauthServer is an authorization server for client credentials (RFC 6749
// section 4.4). It forgives nothing.
type oauthServer struct {
	*httptest.Server
	identity
	clients map[string]oauthClient
	API     http.HandlerFunc // answers everything but /token

	mu     sync.Mutex
	spent  map[string]bool // jti of assertions
	grants []oauthGrant
	wrong  []string
}

// An oauthClient is how a client must authenticate: by a secret in the header or
// in the body, or by a key.
type oauthClient struct {
	Secret    string
	InBody    bool
	Key       crypto.PublicKey
	KeyID     string
	Algorithm jose.SignatureAlgorithm
}

// An oauthGrant is a token and what it was given for.
type oauthGrant struct {
	Token, Client string
	Form          url.Values // without what authenticates
	Certificates  int        // that the client has shown
}

func newOAuthServer(t testing.TB, clients map[string]oauthClient, auth tls.ClientAuthType) *oauthServer {
	t.Helper()
	s := &oauthServer{identity: newIdentity(t, "127.0.0.1"), clients: clients, spent: map[string]bool{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{s.identity.Certificate}, ClientAuth: auth}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *oauthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" && s.API != nil {
		s.API(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	grant, code, why := s.grant(r, string(body))
	w.Header().Set("Content-Type", "application/json")
	if code != "" {
		s.wrong = append(s.wrong, why)
		w.WriteHeader(map[bool]int{true: 401, false: 400}[code == "invalid_client"])
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": string(body) + r.Header.Get("Authorization")})
		return
	}
	grant.Token = fmt.Sprintf("canary-oauth-token-%d", len(s.grants)+1)
	grant.Certificates = len(r.TLS.PeerCertificates)
	s.grants = append(s.grants, grant)
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": grant.Token, "token_type": "bearer", "expires_in": 3600})
}

// grant says what is wrong: the error's code (RFC 6749 section 5.2) and why.
func (s *oauthServer) grant(r *http.Request, body string) (g oauthGrant, code, why string) {
	form, err := url.ParseQuery(body)
	switch {
	case err != nil, r.Method != "POST", r.URL.RequestURI() != "/token", r.Header.Get("Content-Type") != "application/x-www-form-urlencoded", len(r.Cookies()) > 0:
		return g, "invalid_request", fmt.Sprint(r.Method, " ", r.URL, " ", r.Header, " ", body)
	case form.Get("grant_type") != "client_credentials":
		return g, "unsupported_grant_type", body
	}
	for name, values := range form {
		if len(values) > 1 && name != "resource" || values[0] == "" {
			return g, "invalid_request", "parameter " + name + " is there twice, or empty"
		}
	}
	g.Form = form
	if g.Client, why = s.authenticate(r, form); why != "" {
		return g, "invalid_client", why
	}
	if slices.Contains(strings.Split(form.Get("scope"), " "), "forbidden") {
		return g, "invalid_scope", "the scope is forbidden"
	}
	return g, "", ""
}

// authenticate takes what authenticates out of the form.
func (s *oauthServer) authenticate(r *http.Request, form url.Values) (id, why string) {
	take := func(name string) string {
		defer form.Del(name)
		return form.Get(name)
	}
	id, secret, kind, assertion := take("client_id"), take("client_secret"), take("client_assertion_type"), take("client_assertion")
	user, password, basic := r.BasicAuth()
	if basic {
		if id+secret+kind+assertion != "" {
			return "", "the client authenticates twice"
		}
		// RFC 6749 section 2.3.1: both are encoded as in a form.
		var err, err2 error
		id, err = url.QueryUnescape(user)
		secret, err2 = url.QueryUnescape(password)
		if err != nil || err2 != nil {
			return "", "the credentials are not encoded"
		}
	} else if r.Header.Get("Authorization") != "" {
		return "", "another Authorization"
	}
	client, known := s.clients[id]
	switch {
	case !known:
		return "", "no client " + id
	case client.Key != nil:
		if basic || secret != "" || kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			return "", id + " must send an assertion"
		}
		return id, s.assertion(id, client, assertion)
	case client.InBody == basic || kind+assertion != "" || secret != client.Secret:
		return "", fmt.Sprintf("%s: wrong secret, or in the wrong place: %q", id, secret)
	}
	return id, ""
}

// assertion checks a JWT as RFC 7523 section 3 asks.
func (s *oauthServer) assertion(id string, client oauthClient, text string) (why string) {
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{client.Algorithm})
	if err != nil {
		return err.Error()
	}
	var claims jwt.Claims
	if err := token.Claims(client.Key, &claims); err != nil {
		return err.Error()
	}
	now := time.Now()
	switch {
	case len(token.Headers) != 1 || token.Headers[0].KeyID != client.KeyID:
		return "the kid is " + token.Headers[0].KeyID
	case claims.Issuer != id || claims.Subject != id:
		return "iss and sub are not the client"
	case !slices.Equal(claims.Audience, jwt.Audience{s.URL + "/token"}):
		return fmt.Sprint("aud is ", claims.Audience)
	case claims.Expiry == nil || !claims.Expiry.Time().After(now) || claims.Expiry.Time().After(now.Add(5*time.Minute)):
		return "exp is missing, past or far"
	case claims.IssuedAt == nil || claims.IssuedAt.Time().After(now):
		return "iat is missing or to come"
	case claims.ID == "" || s.spent[claims.ID]:
		return "jti is missing or was used"
	}
	s.spent[claims.ID] = true
	return ""
}

// given returns what was granted, and checks that nothing was wrong.
func (s *oauthServer) given(t testing.TB) []oauthGrant {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, why := range s.wrong {
		t.Errorf("the server refused: %s", why)
	}
	return slices.Clone(s.grants)
}
