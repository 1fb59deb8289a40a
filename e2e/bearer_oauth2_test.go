package e2e

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/partnersign/partnersign/partnertest"
)

// oddSecret has what forms and Basic credentials must encode.
const oddSecret = `canary: se+cret/%41&a="~`

// An oauthPartner is a Caddy in front of a partner whose tokens come from another
// host.
type oauthPartner struct {
	*process
	*partnertest.Partner
	server *oauthServer
}

// startOAuth starts one with a bearer oauth2 of these lines for each path, in
// which TOKEN is the token URL and BASE its host. The process trusts the server as it
// does any host.
func startOAuth(t testing.TB, server *oauthServer, lines, files map[string]string, env ...string) oauthPartner {
	t.Helper()
	partner := partnertest.New(t, partnertest.Options{})
	var site strings.Builder
	for path, line := range lines {
		line = strings.NewReplacer("TOKEN", server.URL+"/token", "BASE", server.URL).Replace(line)
		fmt.Fprintf(&site, "handle /%s {\n%s}\n", path, block(partner, "name "+path+"\n"+line))
	}
	c := siteFile(t, site.String(), partner)
	for name, content := range files {
		c.Files[name] = content
	}
	c.Env = slices.Concat(c.Env, env, []string{"ODD_SECRET=" + oddSecret, "SSL_CERT_FILE=" + roots(t, server.CertPEM)})
	return oauthPartner{startCaddy(t, c), partner, server}
}

// roots is a file of a system's certificates.
func roots(t testing.TB, pem string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(path, []byte(pem), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// token asks for a path and returns the grant of the token that the partner saw.
func (p oauthPartner) token(t testing.TB, path string) oauthGrant {
	t.Helper()
	p.send("GET", "/"+path, nil).ok(t)
	token := strings.TrimPrefix(p.Last().Header.Get("Authorization"), "Bearer ")
	for _, g := range p.server.given(t) {
		if g.Token == token {
			return g
		}
	}
	t.Fatalf("%s: the partner saw %q, which was not given", path, token)
	return oauthGrant{}
}

// A client authenticates by a secret in the header or in the body, with letters
// that must be encoded, and asks for what it is told to ask for.
func TestBearerOAuth2Secrets(t *testing.T) {
	const id = "acme: client/1+%"
	server := newOAuthServer(t, map[string]oauthClient{id: {Secret: oddSecret}, "body": {Secret: oddSecret, InBody: true}}, tls.NoClientCert)
	p := startOAuth(t, server, map[string]string{
		"header": "bearer oauth2 TOKEN {\nclient_id \"" + id + "\"\nclient_secret {env.ODD_SECRET}\n}",
		"body":   "bearer oauth2 TOKEN {\nclient_id body\nclient_secret {file.DIR/secret}\nauth_style body\nscopes read write:all\n}",
		"all": "bearer oauth2 TOKEN {\nclient_id \"" + id + "\"\nclient_secret {env.ODD_SECRET}\nauth_style header\nscopes a\naudience https://api.acme.example/\n" +
			"param resource https://a.example\nparam resource https://b.example\nparam tenant \"a&b=c {file.DIR/tenant}\"\n}",
	}, map[string]string{"secret": oddSecret + "\n", "tenant": "~\n"})
	for path, want := range map[string]oauthGrant{
		"header": {Client: id, Form: url.Values{}},
		"body":   {Client: "body", Form: url.Values{"scope": {"read write:all"}}},
		"all": {Client: id, Form: url.Values{"scope": {"a"}, "audience": {"https://api.acme.example/"},
			"resource": {"https://a.example", "https://b.example"}, "tenant": {"a&b=c ~"}}},
	} {
		want.Form.Set("grant_type", "client_credentials")
		got := p.token(t, path)
		if got.Client != want.Client || !reflect.DeepEqual(got.Form, want.Form) {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
		if again := p.token(t, path); again.Token != got.Token {
			t.Errorf("%s: another token for the second request", path)
		}
	}
	if n := len(server.given(t)); n != 3 {
		t.Errorf("%d tokens were given", n)
	}
}

// What differs in anything has tokens of its own; what does not shares them,
// between partners, too.
func TestBearerOAuth2Shares(t *testing.T) {
	server := newOAuthServer(t, map[string]oauthClient{"a": {Secret: oddSecret}, "b": {Secret: oddSecret}}, tls.NoClientCert)
	lines := func(id, more string) string {
		return "bearer oauth2 TOKEN {\nclient_id " + id + "\nclient_secret {env.ODD_SECRET}\n" + more + "\n}"
	}
	p := startOAuth(t, server, map[string]string{
		"a": lines("a", ""), "again": lines("a", ""), "b": lines("b", ""), "scope": lines("a", "scopes x"), "scopes": lines("a", "scopes x y"),
		"audience": lines("a", "audience x"), "param": lines("a", "param resource x"),
		"on": lines("a", "scopes write\non POST /**") + "\n" + lines("a", "scopes read"),
	}, nil)
	seen := map[string]string{}
	for _, path := range []string{"a", "b", "scope", "scopes", "audience", "param", "on"} {
		g := p.token(t, path)
		if other, ok := seen[g.Token]; ok {
			t.Errorf("%s and %s share a token", path, other)
		}
		seen[g.Token] = path
	}
	if g := p.token(t, "again"); seen[g.Token] != "a" {
		t.Errorf("equal clients do not share a token: %+v", g)
	}
	p.send("POST", "/on", strings.NewReader("{}")).ok(t)
	if token := p.Last().Header.Get("Authorization"); seen[strings.TrimPrefix(token, "Bearer ")] != "" || len(server.given(t)) != 8 {
		t.Errorf("the POST carries %s", token)
	}
}

// A client authenticates by assertions that its key signs, each of them new.
func TestBearerOAuth2PrivateKeyJWT(t *testing.T) {
	clients, lines, files := map[string]oauthClient{}, map[string]string{}, map[string]string{}
	add := func(name, kind, line string, algorithm jose.SignatureAlgorithm) {
		key := keyOf(t, kind)
		clients[name] = oauthClient{Key: key.Partner.Public, KeyID: "kid-of-" + name, Algorithm: algorithm}
		files[name+".pem"] = key.File
		lines[name] = fmt.Sprintf("bearer oauth2 TOKEN {\nclient_id %s\nkey DIR/%s.pem\nkey_id kid-of-%s\n%s\n}", name, name, name, line)
	}
	add("rs256", "rsa-v1_5-sha256", "", jose.RS256)
	add("ps512", "rsa-pss-sha512", "algorithm PS512", jose.PS512)
	add("es256", "ecdsa-p256-sha256", "", jose.ES256)
	add("es384", "ecdsa-p384-sha384", "algorithm ES384", jose.ES384)
	add("eddsa", "ed25519", "scopes a b", jose.EdDSA)
	server := newOAuthServer(t, clients, tls.NoClientCert)
	p := startOAuth(t, server, lines, files)
	for name := range clients {
		if g := p.token(t, name); g.Client != name {
			t.Errorf("%s has the token of %s", name, g.Client)
		}
	}
	// A new key: a new token, without a restart.
	next, err := makeKey("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	before := len(server.given(t))
	server.mu.Lock()
	server.clients["eddsa"] = oauthClient{Key: next.Partner.Public, KeyID: "kid-of-eddsa", Algorithm: jose.EdDSA}
	server.mu.Unlock()
	p.replace("eddsa.pem", next.File)
	within(t, soon, "the new key to be used", func() bool {
		p.token(t, "eddsa")
		return len(server.given(t)) == before+1
	})
}
