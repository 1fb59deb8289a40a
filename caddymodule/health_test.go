package caddymodule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// healthSite has two partners and the probes, on one site for the test's sake.
const healthSite = `
	handle_path /acme/* {
		partner_proxy https://api.acme.example {
			name acme
			bearer {file.TOKEN}
			client_auth {file.CLIENT}
			signature {
				key /run/secrets/ed25519.pem
				key_id acme
			}
		}
	}
	handle_path /other/* {
		partner_proxy https://api.other.example {
			header X-Api-Key {file.TOKEN}
			basic_auth alice {file.TOKEN}
		}
	}
	handle_path /acme-again/* {
		partner_proxy https://api.acme.example {
			name acme
			bearer {file.TOKEN}
		}
	}
	partnersign_health
`

func TestHealth(t *testing.T) {
	server := serve(t, site(strings.NewReplacer("TOKEN", "/run/secrets/token", "CLIENT", "/run/secrets/dfns-token").Replace(healthSite)))
	for path, want := range map[string]string{
		"/healthz": `{"serving":true}`,
		"/readyz":  `{"ready":true,"partners":[{"name":"acme","ready":true},{"name":"api.other.example","ready":true}]}`,
	} {
		res := send(t, server.Client(), server.URL+path)
		assertStatus(t, res, 200)
		if strings.TrimSpace(res.Body) != want || res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", path, res.Header, res.Body)
		}
	}
	for _, path := range []string{"/", "/ready", "/readyz/", "/healthz/x"} {
		assertStatus(t, send(t, server.Client(), server.URL+path), 404)
	}
	res, err := server.Client().Post(server.URL+"/readyz", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %s %v", res.Status, res.Header)
	}
}

// Secrets that go away make their partners unready until they are back. The
// answer names them and never repeats one.
func TestHealthNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("token", "canary")
	write("client", "canary")
	server := serve(t, site(strings.NewReplacer("TOKEN", dir+"/token", "CLIENT", dir+"/client").Replace(healthSite)))
	ready := func(status int, want string) {
		t.Helper()
		want = strings.ReplaceAll(want, "DIR", dir)
		var res answer
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) { // files are looked at once a second
			if res = send(t, server.Client(), server.URL+"/readyz"); res.StatusCode == status && strings.TrimSpace(res.Body) == want {
				break
			}
		}
		if res.StatusCode != status || strings.TrimSpace(res.Body) != want || strings.Contains(res.Body, "canary") {
			t.Errorf("got %d %s\nwant %d %s", res.StatusCode, res.Body, status, want)
		}
		assertStatus(t, send(t, server.Client(), server.URL+"/healthz"), 200)
	}
	const noFile = "no such file or directory: create it or correct the path"
	if err := os.Remove(filepath.Join(dir, "client")); err != nil {
		t.Fatal(err)
	}
	ready(503, `{"ready":false,"partners":[{"name":"acme","ready":false,"missing":["client_auth: {file.DIR/client}: `+noFile+`"]},{"name":"api.other.example","ready":true}]}`)
	write("client", "canary")
	write("token", "")
	const empty = "{file.DIR/token}: there is nothing in it: write the secret or key into it"
	ready(503, `{"ready":false,"partners":[{"name":"acme","ready":false,"missing":["bearer: `+empty+`"]},`+
		`{"name":"api.other.example","ready":false,"missing":["basic_auth: `+empty+`","header X-Api-Key: `+empty+`"]}]}`)
	write("token", "canary2")
	ready(200, `{"ready":true,"partners":[{"name":"acme","ready":true},{"name":"api.other.example","ready":true}]}`)
}

// With persist the storage must answer, too.
func TestHealthStorage(t *testing.T) {
	root := filepath.Join(t.TempDir(), "storage")
	t.Setenv("STORE", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	server := serve(t, "{\n storage file_system "+root+"\n partnersign {\n persist {\n key {env.STORE}\n }\n }\n}\n"+site("partnersign_health"))
	res := send(t, server.Client(), server.URL+"/readyz")
	assertStatus(t, res, 200)
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if res = send(t, server.Client(), server.URL+"/readyz"); res.StatusCode != 503 || !strings.HasPrefix(res.Body, `{"ready":false,"missing":["storage: `) {
		t.Errorf("got %d %s", res.StatusCode, res.Body)
	}
}
