package e2e

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A token URL on another host is trusted by the system's roots: the partner's
// trust pool is for the partner. And it is shown no certificate of the client's.
func TestBearerTokenOfAnotherHost(t *testing.T) {
	client := newIdentity(t, "client.example")
	server := newOAuthServer(t, map[string]oauthClient{"a": {Secret: oddSecret}}, tls.RequestClientCert)
	partner := partnertest.New(t, partnertest.Options{})
	file := func(trusted ...string) caddyfile {
		c := siteFile(t, fmt.Sprintf(`partner_proxy %s {
	bearer oauth2 %s/token {
		client_id a
		client_secret {env.ODD_SECRET}
	}
	transport http {
		tls_trust_pool file DIR/ca.pem
		tls_client_auth DIR/client.pem DIR/client.key
	}
}
`, partner.URL(), server.URL), partner)
		c.Files["client.pem"], c.Files["client.key"] = client.CertPEM, client.KeyPEM
		c.Files["ca.pem"] += server.CertPEM // which makes it no host to be trusted
		c.Env = append(c.Env, "ODD_SECRET="+oddSecret, "SSL_CERT_DIR=/nowhere", "SSL_CERT_FILE="+roots(t, strings.Join(trusted, "")))
		return c
	}
	p := startCaddy(t, file(newIdentity(t, "other.example").CertPEM))
	res := p.send("GET", "/a", nil)
	res.refused(t, 503, "credential-unavailable")
	if want := "no token from " + strings.TrimPrefix(server.URL, "https://") + ": its certificate is not accepted"; !strings.Contains(res.Text, want) {
		t.Errorf("the client is told %s", res.Text)
	}
	if !strings.Contains(p.Log(), "certificate signed by unknown authority") {
		t.Error("the log does not say why")
	}
	untouched(t, partner)

	p = startCaddy(t, file(server.CertPEM))
	p.send("GET", "/a", nil).ok(t)
	if grants := server.given(t); len(grants) != 1 || grants[0].Certificates != 0 {
		t.Errorf("%+v", grants)
	}
}

// A token URL of the partner's own host takes the partner's connections: its
// trust pool, and the certificate of the client that it asks for.
func TestBearerTokenOfThePartner(t *testing.T) {
	client := newIdentity(t, "client.example")
	server := newOAuthServer(t, map[string]oauthClient{"a": {Secret: oddSecret}}, tls.RequireAnyClientCert)
	var seen []string
	server.API = func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.Header.Get("Authorization")) }
	p := startCaddy(t, caddyfile{
		Site: strings.ReplaceAll(`partner_proxy URL {
	bearer oauth2 URL/token {
		client_id a
		client_secret {env.ODD_SECRET}
	}
	transport http {
		tls_trust_pool file DIR/ca.pem
		tls_client_auth DIR/client.pem DIR/client.key
	}
}
`, "URL", server.URL),
		Files: map[string]string{"ca.pem": server.CertPEM, "client.pem": client.CertPEM, "client.key": client.KeyPEM},
		Env:   []string{"ODD_SECRET=" + oddSecret, "SSL_CERT_DIR=/nowhere", "SSL_CERT_FILE=" + roots(t, newIdentity(t, "other.example").CertPEM)},
	})
	p.send("GET", "/a", nil).ok(t)
	grants := server.given(t)
	if len(grants) != 1 || grants[0].Certificates != 1 || len(seen) != 1 || seen[0] != "Bearer "+grants[0].Token {
		t.Errorf("%+v %q", grants, seen)
	}
}

// A partner whose certificate its pool does not know gives no token, and the
// reason is told.
func TestBearerTokenOfUntrustedPartner(t *testing.T) {
	server := newOAuthServer(t, map[string]oauthClient{"a": {Secret: oddSecret}}, tls.NoClientCert)
	p := startCaddy(t, caddyfile{
		Site:  blockAt(server.URL, "bearer oauth2 "+server.URL+"/token {\nclient_id a\nclient_secret {env.ODD_SECRET}\n}"),
		Files: map[string]string{"ca.pem": newIdentity(t, "127.0.0.1").CertPEM},
		Env:   []string{"ODD_SECRET=" + oddSecret, "SSL_CERT_FILE=" + roots(t, server.CertPEM)},
	})
	res := p.send("GET", "/a", nil)
	res.refused(t, 503, "credential-unavailable")
	if !strings.Contains(res.Text, "its certificate is not accepted") || len(server.given(t)) > 0 {
		t.Errorf("the client is told %s", res.Text)
	}
}

// What the server says is wrong is told by its code alone: its words quote the
// secret.
func TestBearerOAuth2Refused(t *testing.T) {
	key := keyOf(t, "ed25519")
	server := newOAuthServer(t, map[string]oauthClient{
		"a": {Secret: oddSecret}, "key": {Key: key.Partner.Public, KeyID: "other", Algorithm: "EdDSA"},
	}, tls.NoClientCert)
	secret := "\nclient_secret {env.ODD_SECRET}\n}"
	p := startOAuth(t, server, map[string]string{
		"stranger": "bearer oauth2 TOKEN {\nclient_id b" + secret,
		"body":     "bearer oauth2 TOKEN {\nclient_id a\nauth_style body" + secret,
		"scope":    "bearer oauth2 TOKEN {\nclient_id a\nscopes forbidden" + secret,
		"kid":      "bearer oauth2 TOKEN {\nclient_id key\nkey DIR/key.pem\nkey_id wrong\n}",
	}, nil)
	for path, want := range map[string]string{
		"stranger": "it answered 401 invalid_client; check the client's id and its secret or key, and how they are sent",
		"body":     "it answered 401 invalid_client", "kid": "it answered 401 invalid_client",
		"scope": "it answered 400 invalid_scope; check the scopes",
	} {
		res := p.send("GET", "/"+path, nil)
		res.refused(t, 503, "credential-unavailable")
		if !strings.Contains(res.Text, want) || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s: the client is told %s", path, res.Text)
		}
		if strings.Contains(res.Text+p.Log(), "canary: se") || strings.Contains(res.Text+p.Log(), "canary%3A") {
			t.Errorf("%s: the secret is told", path)
		}
	}
	untouched(t, p.Partner)
}
