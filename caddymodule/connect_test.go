package caddymodule_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/caddymodule"
)

// TestConnectProvision has JSON that no Caddyfile makes.
func TestConnectProvision(t *testing.T) {
	t.Setenv("PROXY_SECRET", "enough")
	for fields, want := range map[string]string{
		`"tunnels":["any"]`: "",
		`"partners":["api.acme.example"],"client_auth":{"secret":"{env.PROXY_SECRET}"}`: "",
		`"partners":["https://canary.example"]`:                                         "partners: expected",
		`"partners":["canary.example:0"]`:                                               "partners: expected",
		`"partners":["user@canary.example"]`:                                            "partners: expected",
		`"partners":[""]`:                                                               "partners: expected",
		`"tunnels":["canary.example/x"]`:                                                "tunnels: expected",
		`"tunnels":[""]`:                                                                "tunnels: expected",
		`"tunnels":["any","canary.example"]`:                                            "any stands alone",
		`"client_auth":{"secret":"canary"}`:                                             "client_auth: expected",
		`"client_auth":{"secret":"{env.MISSING_SECRET}"}`:                               "MISSING_SECRET",
		`"client_auth":{"secret":"{env.PROXY_SECRET}","header":"X-Secret"}`:             "client_auth: clients of a proxy",
		`"partners":["api.acme.example"],"ca":"missing"`:                                "missing",
	} {
		config := stored(t, []byte(`{"apps":{"http":{"servers":{"a":{"routes":[{"handle":[{"handler":"partnersign_connect",`+fields+`}]}]}}}}}`))
		err := caddy.Validate(config)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", fields, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error repeats what could be a secret: %v", err)
		}
	}
}

// A root that signs for partners' names must not be trusted by all of a machine
// for lack of configuration, and nothing is stored but Caddy's CA.
func TestConnectTrust(t *testing.T) {
	for pki, want := range map[string]bool{``: false, `"pki":{"certificate_authorities":{"local":{"install_trust":true}}},`: true} {
		config := stored(t, []byte(`{"apps":{`+pki+`"http":{"servers":{"a":{"routes":[{"handle":[{"handler":"partnersign_connect","partners":["api.acme.example"]}]}]}}}}}`))
		var storage struct{ Root string }
		if err := json.Unmarshal(config.StorageRaw, &storage); err != nil {
			t.Fatal(err)
		}
		ctx, err := caddy.ProvisionContext(config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ctx.App("http"); err != nil {
			t.Fatal(err)
		}
		app, err := ctx.App("pki")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			CAs map[string]struct {
				Install *bool `json:"install_trust"`
			} `json:"certificate_authorities"`
		}
		encoded, err := json.Marshal(app)
		if err == nil {
			err = json.Unmarshal(encoded, &got)
		}
		if install := got.CAs["local"].Install; err != nil || install == nil || *install != want {
			t.Errorf("%s: the CA is %s, %v", pki, encoded, err)
		}
		files := map[string]bool{}
		_ = filepath.WalkDir(storage.Root, func(path string, d os.DirEntry, _ error) error {
			if !d.IsDir() {
				files[strings.TrimPrefix(path, storage.Root+"/")] = true
			}
			return nil
		})
		for _, name := range []string{"root.crt", "root.key", "intermediate.crt", "intermediate.key"} {
			delete(files, "pki/authorities/local/"+name)
		}
		if len(files) > 0 {
			t.Errorf("also stored: %v", files)
		}
	}
}

// Answers of the proxy's own are explained.
func TestConnectProblems(t *testing.T) {
	page, err := os.ReadFile("../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{caddymodule.DestinationRefused.Name, caddymodule.DestinationUnreachable.Name} {
		if !strings.Contains(string(page), "\n## "+kind+"\n") {
			t.Errorf("docs/problems.md does not explain %s", kind)
		}
	}
}
