package caddymodule_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

func TestClientAuth(t *testing.T) {
	t.Setenv("PROXY_SECRET", "open:sesame 1")
	const standard, named = "client_auth {env.PROXY_SECRET}", "client_auth {env.PROXY_SECRET} x-proxy-secret"
	const authorization = "client_auth {env.PROXY_SECRET} Authorization"
	basic := func(credentials string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
	}
	for name, test := range map[string]struct {
		guard   string
		headers []string
		passes  bool
	}{
		"nothing":                     {standard, nil, false},
		"token":                       {standard, []string{"Proxy-Authorization: Bearer open:sesame 1"}, true},
		"token, scheme of any case":   {standard, []string{"Proxy-Authorization: bEARER  open:sesame 1"}, true},
		"header of any case":          {standard, []string{"proxy-authorization: Bearer open:sesame 1"}, true},
		"password":                    {standard, []string{"Proxy-Authorization: " + basic("anybody:open:sesame 1")}, true},
		"password without user":       {standard, []string{"Proxy-Authorization: " + basic(":open:sesame 1")}, true},
		"secret as the user":          {standard, []string{"Proxy-Authorization: " + basic("open:sesame 1:")}, false},
		"wrong token":                 {standard, []string{"Proxy-Authorization: Bearer open:sesame 2"}, false},
		"shorter":                     {standard, []string{"Proxy-Authorization: Bearer open:sesame"}, false},
		"longer":                      {standard, []string{"Proxy-Authorization: Bearer open:sesame 11"}, false},
		"empty":                       {standard, []string{"Proxy-Authorization: Bearer "}, false},
		"empty header":                {standard, []string{"Proxy-Authorization: "}, false},
		"without scheme":              {standard, []string{"Proxy-Authorization: open:sesame 1"}, false},
		"other scheme":                {standard, []string{"Proxy-Authorization: Digest open:sesame 1"}, false},
		"garbage Basic":               {standard, []string{"Proxy-Authorization: Basic %%%"}, false},
		"twice":                       {standard, []string{"Proxy-Authorization: Bearer open:sesame 1", "Proxy-Authorization: Bearer open:sesame 1"}, false},
		"right and wrong":             {standard, []string{"Proxy-Authorization: Bearer open:sesame 1", "Proxy-Authorization: Bearer x"}, false},
		"another header":              {standard, []string{"Authorization: Bearer open:sesame 1"}, false},
		"underscores":                 {standard, []string{"Proxy_Authorization: Bearer open:sesame 1"}, false},
		"named":                       {named, []string{"X-Proxy-Secret: open:sesame 1"}, true},
		"named, of any case":          {named, []string{"x-PROXY-secret: open:sesame 1"}, true},
		"named, with scheme":          {named, []string{"X-Proxy-Secret: Bearer open:sesame 1"}, false},
		"named, wrong":                {named, []string{"X-Proxy-Secret: open:sesame 2"}, false},
		"named, twice":                {named, []string{"X-Proxy-Secret: open:sesame 1", "X-Proxy-Secret: open:sesame 1"}, false},
		"named, not the usual one":    {named, []string{"Proxy-Authorization: Bearer open:sesame 1"}, false},
		"named, nothing":              {named, nil, false},
		"Authorization":               {authorization, []string{"Authorization: Bearer open:sesame 1"}, true},
		"Authorization, password":     {authorization, []string{"Authorization: " + basic("a:open:sesame 1")}, true},
		"Authorization, bare":         {authorization, []string{"Authorization: open:sesame 1"}, false},
		"Authorization, other header": {authorization, []string{"Proxy-Authorization: Bearer open:sesame 1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, site("partnersign_guard {\n"+test.guard+"\n}\nrespond `"+presented+"`"))
			got := send(t, server.Client(), server.URL, test.headers...)
			if strings.Contains(got.Body, "sesame") {
				t.Errorf("the secret goes on: %s", got.Body)
			}
			if test.passes {
				if got.StatusCode != 200 || got.Body != "passed with <><><>" {
					t.Errorf("got %d %s", got.StatusCode, got.Body)
				}
				return
			}
			got.assertProblem(t, signer.ClientUnauthenticated, "")
			if got.Header.Get("Www-Authenticate") == "" {
				t.Error("there is no WWW-Authenticate")
			}
		})
	}
}

// presented is what the handler behind the guard sees of a secret.
const presented = "passed with <{http.request.header.Proxy-Authorization}><{http.request.header.X-Proxy-Secret}><{http.request.header.Authorization}>"

func TestClientAuthUnavailable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := serve(t, guarded("client_auth {file."+file+"}"))
	if got := send(t, server.Client(), server.URL, "Proxy-Authorization: Bearer sesame"); got.StatusCode != 200 {
		t.Fatalf("got %d %s", got.StatusCode, got.Body)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // files are looked at once a second
	got := send(t, server.Client(), server.URL, "Proxy-Authorization: Bearer sesame")
	got.assertProblem(t, signer.CredentialUnavailable, "")
	if strings.Contains(got.Body, file) {
		t.Errorf("the answer names the file: %s", got.Body)
	}
}
