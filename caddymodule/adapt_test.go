package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/partnersign/partnersign/caddymodule"
)

var update = flag.Bool("update", false, "rewrite what follows the dashes in testdata/**/*.caddyfiletest")

const dashes = "\n----------\n"

// A caddyfiletest is a Caddyfile and, after a line of dashes, what it comes to.
type caddyfiletest struct {
	Caddyfile, Want string
	path            string
}

func readCaddyfiletests(t *testing.T, dir string) map[string]caddyfiletest {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.caddyfiletest"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no tests in testdata/%s: %v", dir, err)
	}
	tests := map[string]caddyfiletest{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, want, _ := strings.Cut(string(data), dashes)
		name := strings.TrimSuffix(filepath.Base(path), ".caddyfiletest")
		tests[name] = caddyfiletest{text + "\n", strings.TrimSpace(want), path}
	}
	return tests
}

// compare compares with what the file wants, or with -update rewrites it.
func (c caddyfiletest) compare(t *testing.T, got string) {
	t.Helper()
	if *update {
		content := strings.TrimSuffix(c.Caddyfile, "\n") + dashes + got + "\n"
		if err := os.WriteFile(c.path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != c.Want {
		t.Errorf("got\n%s\nwant\n%s", got, c.Want)
	}
}

// adapt is what `caddy adapt` does.
func adapt(t testing.TB, caddyfile string) ([]byte, error) {
	t.Helper()
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	return adapted, err
}

func TestAdapt(t *testing.T) {
	for name, test := range readCaddyfiletests(t, "adapt") {
		t.Run(name, func(t *testing.T) {
			adapted, err := adapt(t, test.Caddyfile)
			if err != nil {
				t.Fatal(err)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, adapted, "", "\t"); err != nil {
				t.Fatal(err)
			}
			test.compare(t, indented.String())
			assertSigned(t, test.Caddyfile, adapted)
			setEnv(t, string(adapted))
			if err := caddy.Validate(parse(t, adapted)); err != nil {
				t.Errorf("this does not load: %v", err)
			}
		})
	}
}

// TestAdaptCoversEverySubdirective sees to a golden for each of them.
func TestAdaptCoversEverySubdirective(t *testing.T) {
	var all strings.Builder
	for _, test := range readCaddyfiletests(t, "adapt") {
		all.WriteString(test.Caddyfile)
	}
	for _, name := range []string{
		"upstream", "name", "allow", "max_body", "timeout", "bearer", "basic_auth", "header", "client_headers",
		"idempotency_key", "content_digest", "signature", "client_auth", "browsers", "client_hosts", "body_memory", "dfns", "retry",
		"capture", "json_field", "persist", "client_users", "client_groups", "client_certificates", "unsafe_listen", "clock_skew_warning",
	} {
		if !regexp.MustCompile(`(?m)^\t+` + name + `\b`).MatchString(all.String()) {
			t.Errorf("%s is in no Caddyfile of testdata/adapt", name)
		}
	}
}

// assertSigned asserts that every partner_proxy, and every reverse_proxy that
// has the transport partnersign in the Caddyfile, has it in the JSON: Caddy
// replaces a transport that is set too early by plain http, and requests then
// go out unsigned.
func assertSigned(t *testing.T, caddyfile string, adapted []byte) {
	t.Helper()
	var config any
	if err := json.Unmarshal(adapted, &config); err != nil {
		t.Fatal(err)
	}
	signed := 0
	for _, proxy := range handlers(config, "reverse_proxy") {
		transport, _ := proxy["transport"].(map[string]any)
		if transport["protocol"] != "partnersign" {
			if !strings.Contains(caddyfile, "# a reverse_proxy without partner") {
				t.Errorf(`"protocol" is %v, want "partnersign": requests go out unsigned`, transport["protocol"])
			}
			continue
		}
		signed++
		upstream, _ := transport["upstream"].(string)
		_, tls := transport["tls"]
		switch {
		case strings.HasPrefix(upstream, "https://") && !tls:
			t.Errorf("the transport to %s is without TLS", upstream)
		case !strings.HasPrefix(upstream, "https://") && tls:
			t.Errorf("the transport to %s is with TLS", upstream)
		}
		if upstreams, _ := proxy["upstreams"].([]any); len(upstreams) == 0 {
			t.Errorf("the proxy to %s dials nothing", upstream)
		}
	}
	if signed == 0 && !strings.Contains(caddyfile, "# no partner") {
		t.Error("there is no partner")
	}
	used := regexp.MustCompile(`(?m)^\s*("?partner_proxy|transport partnersign)\b`).FindAllString(caddyfile, -1)
	if !strings.Contains(caddyfile, "import ") && signed != len(used) {
		t.Errorf("%d partners in the JSON, %d in the Caddyfile", signed, len(used))
	}
}

// handlers finds all handlers of that name, wherever they are.
func handlers(config any, name string) (found []map[string]any) {
	switch config := config.(type) {
	case map[string]any:
		if config["handler"] == name {
			found = append(found, config)
		}
		for _, value := range config {
			found = append(found, handlers(value, name)...)
		}
	case []any:
		for _, value := range config {
			found = append(found, handlers(value, name)...)
		}
	}
	return found
}
