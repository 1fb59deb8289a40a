package caddymodule_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/partnersign/partnersign/caddymodule"
)

// TestProvisionRefuses has what is right in itself and cannot be used on this
// machine. The errors say what is missing and never what a secret holds.
func TestProvisionRefuses(t *testing.T) {
	t.Setenv("EMPTY", "")
	t.Setenv("TWO_LINES", "sk_live_canary\nsk_live_canary")
	t.Setenv("UMLAUT", "sk_live_canäry")
	t.Setenv("NOT_A_KEY", "sk_live_canary")
	for name, test := range map[string]struct{ lines, want string }{
		"variable that is not set":     {"bearer {env.NOT_SET_ANYWHERE}", "bearer: {env.NOT_SET_ANYWHERE}: the environment variable is not set"},
		"variable that is empty":       {"bearer {env.EMPTY}", "bearer: {env.EMPTY}: there is nothing in it"},
		"variable of two lines":        {"bearer {env.TWO_LINES}", "{env.TWO_LINES}: the secret holds a line break"},
		"variable outside ASCII":       {"basic_auth alice {env.UMLAUT}", "{env.UMLAUT}: the secret holds a byte outside ASCII"},
		"file that is not there":       {"bearer {file./run/secrets/nothing}", "/nothing}: no such file or directory: create it or correct the path"},
		"directory":                    {"header X-Api-Key {file./run/secrets/}", "/}: this is a directory: name a file in it"},
		"key that is not there":        {signature("key /run/secrets/nothing"), "signature sig1: key: {file."},
		"key that is none":             {signature("key {env.NOT_A_KEY}"), "signature sig1: key: {env.NOT_A_KEY}: the key is neither PEM nor JWK nor base64"},
		"certificate instead of a key": {signature("key /run/secrets/ca.pem"), "/ca.pem}:"},
		"key of another algorithm":     {signature("key /run/secrets/ed25519.pem", "algorithm ecdsa-p256-sha256"), "/ed25519.pem}:"},
		"DER of another algorithm":     {signature("key /run/secrets/ed25519.pem", "ecdsa_encoding der"), "ecdsa_encoding is for ECDSA keys"},
		"key without id":               {"signature {\n key /run/secrets/ed25519.pem\n}", "key_id is missing"},
		"key id that is not set":       {"signature {\n key /run/secrets/ed25519.pem\n key_id {env.NOT_SET_ANYWHERE}\n}", "key_id: {env.NOT_SET_ANYWHERE}: the environment variable is not set"},
		"thumbprint of a secret":       {"signature {\n key /run/secrets/hmac\n key_id {key.thumbprint}\n}", "signature sig1:"},
		"client_auth":                  {"client_auth {env.NOT_SET_ANYWHERE}", "client_auth: {env.NOT_SET_ANYWHERE}: the environment variable is not set"},
		"version":                      {"transport http {\n versions 4\n}", "unsupported HTTP version"},
	} {
		t.Run(name, func(t *testing.T) {
			err := caddy.Validate(mustAdapt(t, site("partner_proxy https://api.acme.example {\n"+test.lines+"\n}")))
			if err == nil {
				t.Fatal("this loads")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "canäry") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

// signature is a signature block with a key id.
func signature(lines ...string) string {
	return "signature {\n key_id acme\n " + strings.Join(lines, "\n ") + "\n}"
}

func TestProvisionNamesAllThatIsMissing(t *testing.T) {
	err := caddy.Validate(mustAdapt(t, site(`partner_proxy https://api.acme.example {
		bearer {env.MISSING_ONE}
		header X-Api-Key {env.MISSING_TWO}
		header X-Both "{file./missing/three} and more"
		signature {
			key /missing/four
			key_id acme
		}
		signature sig2 {
			key {env.MISSING_FIVE}
			key_id acme
		}
	}`)))
	if err == nil {
		t.Fatal("this loads")
	}
	for _, missing := range []string{"{env.MISSING_ONE}", "{env.MISSING_TWO}", "{file./missing/three}", "{file./missing/four}", "{env.MISSING_FIVE}"} {
		if !strings.Contains(err.Error(), missing) {
			t.Errorf("%s is not in the error: %v", missing, err)
		}
	}
}

// TestConnectionRefused has in JSON what the Caddyfile refuses, too.
func TestConnectionRefused(t *testing.T) {
	for name, test := range map[string]struct{ transport, want string }{
		"skip verify":         {`"upstream":"https://api.acme.example","tls":{"insecure_skip_verify":true}`, "tls_insecure_skip_verify"},
		"except ports":        {`"upstream":"https://api.acme.example","tls":{"except_ports":["443"]}`, "tls_except_ports"},
		"server name":         {`"upstream":"https://api.acme.example","tls":{"server_name":"other.example"}`, "tls_server_name must be the upstream's own name, api.acme.example"},
		"server name later":   {`"upstream":"https://api.acme.example","tls":{"server_name":"{http.request.host}"}`, "tls_server_name must be"},
		"compression":         {`"upstream":"https://api.acme.example","compression":true`, "compression cannot be on"},
		"TLS with http":       {`"upstream":"http://localhost:9000","tls":{}`, "write https://"},
		"TLS with unix":       {`"upstream":"unix//run/x.sock","tls":{}`, "write https://"},
		"network proxy":       {`"upstream":"http://localhost:9000","network_proxy":{"from":"url","url":"http://proxy.example"}`, "a forward proxy would see"},
		"forward proxy":       {`"upstream":"http://localhost:9000","forward_proxy_url":"http://proxy.example"`, "a forward proxy would see"},
		"proxy with unix":     {`"upstream":"unix//run/x.sock","network_proxy":{"from":"url","url":"http://proxy.example"}`, "a forward proxy would see"},
		"http elsewhere":      {`"upstream":"http://api.acme.example"`, "must be localhost or a loopback address"},
		"no upstream":         {``, "upstream: it is required"},
		"secret in the token": {`"upstream":"https://api.acme.example","bearer":[{"token":"sk_live_canary"}]`, "bearer: expected {env.NAME}"},
		"unknown field":       {`"upstream":"https://api.acme.example","bearers":[]`, `unknown field "bearers"`},

		"server name, same":    {`"upstream":"https://api.acme.example","tls":{"server_name":"API.acme.example"}`, ""},
		"compression off":      {`"upstream":"https://api.acme.example","compression":false`, ""},
		"no network proxy":     {`"upstream":"http://localhost:9000","network_proxy":{"from":"none"}`, ""},
		"proxy with TLS":       {`"upstream":"https://api.acme.example","network_proxy":{"from":"url","url":"http://proxy.example"}`, ""},
		"loopback skip verify": {`"upstream":"https://127.0.0.1:9443","tls":{"insecure_skip_verify":true,"server_name":"other.example","except_ports":["1"]}`, ""},
		"localhost":            {`"upstream":"https://localhost:9443","tls":{"insecure_skip_verify":true}`, ""},
		"::1":                  {`"upstream":"https://[::1]:9443","tls":{"insecure_skip_verify":true}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load[*caddymodule.Transport](t, "http.reverse_proxy.transport.partnersign", "{"+test.transport+"}")
			switch {
			case test.want == "" && err != nil:
				t.Errorf("this does not load: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %s", err, test.want)
			case err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

// load makes a module of JSON and provisions it.
func load[M caddy.Module](t testing.TB, id, config string) (M, error) {
	t.Helper()
	module, err := newContext(t).LoadModuleByID(id, json.RawMessage(config))
	loaded, _ := module.(M)
	return loaded, err
}

// TestTLSProvesTheUpstream sees what the connection checks, whatever is dialled.
func TestTLSProvesTheUpstream(t *testing.T) {
	transport, err := load[*caddymodule.Transport](t, "http.reverse_proxy.transport.partnersign", `{"upstream":"https://API.acme.example:8443"}`)
	if err != nil {
		t.Fatal(err)
	}
	tls := transport.HTTPTransport.Transport.TLSClientConfig
	if tls == nil || tls.ServerName != "api.acme.example" || tls.InsecureSkipVerify {
		t.Errorf("the TLS configuration is %+v", tls)
	}
	if !transport.HTTPTransport.Transport.DisableCompression {
		t.Error("Go asks for gzip on its own")
	}
}

func TestProvisionTwice(t *testing.T) {
	for _, config := range []string{
		`{"upstream":"https://api.acme.example"}`,
		`{"upstream":"http://localhost:9000"}`,
		`{"upstream":"https://api.acme.example","versions":["3"]}`,
		`{"upstream":"unix//run/x.sock","network_proxy":{"from":"none"}}`,
	} {
		transport, err := load[*caddymodule.Transport](t, "http.reverse_proxy.transport.partnersign", config)
		if err != nil {
			t.Fatal(err)
		}
		if err := transport.Provision(newContext(t)); err != nil {
			t.Errorf("%s: the second time: %v", config, err)
		}
		for range 2 {
			if err := transport.Cleanup(); err != nil {
				t.Errorf("%s: Cleanup: %v", config, err)
			}
		}
	}
}

func TestCleanupAfterFailedProvision(t *testing.T) {
	for _, config := range []string{
		`{}`,
		`{"upstream":"https://api.acme.example","bearer":[{"token":"{env.NOT_SET_ANYWHERE}"}]}`,
		`{"upstream":"https://api.acme.example","tls":{"insecure_skip_verify":true}}`,
		`{"upstream":"https://api.acme.example","versions":["2","3"]}`,
		`{"upstream":"https://api.acme.example","tls":{"client_certificate_file":"/missing"}}`,
	} {
		transport := &caddymodule.Transport{HTTPTransport: new(reverseproxy.HTTPTransport)}
		if err := json.Unmarshal([]byte(config), transport); err != nil {
			t.Fatal(err)
		}
		if err := transport.Provision(newContext(t)); err == nil {
			t.Errorf("%s loads", config)
		}
		if err := transport.Cleanup(); err != nil {
			t.Errorf("%s: Cleanup: %v", config, err)
		}
	}
}
