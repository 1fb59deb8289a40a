package e2e

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// All configurations of docs/tokens.md load. Each that asks an OAuth 2.0 server
// gets what it asks for, with the key that the page makes.
func TestBearerDocs(t *testing.T) {
	needsCommand(t, "openssl")
	commands, files := pageBlocks(t, "tokens", "sh", 1), pageBlocks(t, "tokens", "caddyfile", 7)
	dir := t.TempDir()
	shell(t, dir, commands[0])
	held := map[string]string{
		"acme-client.pem": readFile(dir + "/acme-client.pem"), "acme-client-secret": oddSecret, "acme-admin-token": "admin",
		"acme-token": "a", "offblocks-api-secret": "b",
	}
	key := oauthClient{Key: publicKey(t, dir+"/acme-client.pub.pem"), KeyID: "acme-2026", Algorithm: jose.EdDSA}
	secret := oauthClient{Secret: oddSecret}
	for i, test := range map[int]struct {
		client oauthClient
		form   string
	}{
		1: {secret, "grant_type=client_credentials"},
		3: {secret, "audience=https%3A%2F%2Fapi.acme.example%2F&grant_type=client_credentials&scope=payments%3Aread+payments%3Awrite"},
		4: {key, "grant_type=client_credentials&resource=https%3A%2F%2Fapi.acme.example%2F"},
	} {
		t.Run(fmt.Sprint("block ", i), func(t *testing.T) {
			server := newOAuthServer(t, map[string]oauthClient{"partnersign": test.client}, tls.NoClientCert)
			_, inner, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(files[i]), "}"), "{\n")
			inner = docsPaths(strings.ReplaceAll(inner, "https://auth.acme.example/oauth/token", "TOKEN"))
			p := startOAuth(t, server, map[string]string{"a": inner}, held, "ACME_CLIENT_SECRET="+oddSecret)
			if got := p.token(t, "a"); got.Form.Encode() != test.form {
				t.Errorf("asked for %s, want %s", got.Form.Encode(), test.form)
			}
		})
	}
	p := startCaddy(t, caddyfile{Files: held, Env: []string{"ACME_TOKEN=a", "ACME_CLIENT_SECRET=b", "OFFBLOCKS_API_KEY=c"}})
	p.loads(t, onLoopback(files))
}
