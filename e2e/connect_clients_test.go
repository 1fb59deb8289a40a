package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Applications as they are, with nothing but their environment changed. Each
// program posts the file at its second argument to the URL at its first.
var programs = []struct {
	name, command string
	args          []string
	env           []string // beside HTTPS_PROXY; $ROOT is the file of the root
}{
	{"curl HTTP/1.1", "curl", []string{"-sS", "--fail-with-body", "--http1.1", "-H", "Content-Type: application/json", "--data-binary", "@$BODY", "$URL"}, []string{"CURL_CA_BUNDLE=$ROOT"}},
	{"curl HTTP/2", "curl", []string{"-sS", "--fail-with-body", "--http2", "-H", "Content-Type: application/json", "--data-binary", "@$BODY", "$URL"}, []string{"CURL_CA_BUNDLE=$ROOT"}},
	{"curl chunked, expecting 100", "curl", []string{"-sS", "--fail-with-body", "--http1.1", "-H", "Content-Type: application/json", "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--data-binary", "@$BODY", "$URL"}, []string{"CURL_CA_BUNDLE=$ROOT"}},
	{"wget", "wget", []string{"-qO-", "--content-on-error", "--ca-certificate=$ROOT", "--header=Content-Type: application/json", "--post-file=$BODY", "$URL"}, nil},
	{"Python urllib", "python3", []string{"testdata/connect/urllib_post.py", "$URL", "$BODY"}, []string{"SSL_CERT_FILE=$ROOT"}},
	{"Python requests", "python3", []string{"testdata/connect/requests_post.py", "$URL", "$BODY"}, []string{"REQUESTS_CA_BUNDLE=$ROOT"}},
	{"Node undici", "node", []string{"connect-node/post.mjs", "$URL", "$BODY"}, []string{"NODE_EXTRA_CA_CERTS=$ROOT"}},
	{"Java HttpURLConnection", "java", []string{"-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort=$PORT", "-Djavax.net.ssl.trustStore=$DIR/root.p12", "-Djavax.net.ssl.trustStorePassword=changeit", "testdata/connect/Post.java", "$URL", "$BODY"}, nil},
	{"Java HttpClient", "java", []string{"-Dhttps.proxyHost=127.0.0.1", "-Dhttps.proxyPort=$PORT", "-Djavax.net.ssl.trustStore=$DIR/root.p12", "-Djavax.net.ssl.trustStorePassword=changeit", "testdata/connect/PostHttpClient.java", "$URL", "$BODY"}, nil},
	{"Go", "go", []string{"run", "testdata/connect/post.go", "$URL", "$BODY"}, []string{"SSL_CERT_FILE=$ROOT"}},
}

func TestConnectClients(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startForward(t, connects("", namedBlock(t, partner, "127.0.0.1", acme)), partner)
	bodies := map[string][]byte{
		"small.json": []byte(`{"amount":"12.50"}`),
		"large.json": []byte(`{"data":"` + strings.Repeat("0123456789abcdef", 1<<16) + `"}`), // 1 MiB
	}
	for name, body := range bodies {
		if err := os.WriteFile(caddy.path(name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trustStore(t, caddy)
	for _, program := range programs {
		t.Run(program.name, func(t *testing.T) {
			need(t, program.command)
			if strings.Contains(program.name, "requests") && exec.Command("python3", "-c", "import requests").Run() != nil {
				t.Skip("Python has no requests: install python3-requests")
			}
			for name, body := range bodies {
				partner.Reset()
				if output, err := caddy.run(program.command, program.args, program.env, named(partner)+"/v1/payments?expand=all", caddy.path(name)); err != nil {
					t.Fatalf("%s: %v\n%.2000s", name, err, output)
				}
				if seen := only(t, partner, 1)[0]; !bytes.Equal(seen.Body, body) || seen.Target != "/v1/payments?expand=all" {
					t.Errorf("%s: the partner got %s with %d bytes", name, seen.Target, len(seen.Body))
				}
			}
		})
	}
}

// run runs a program with the environment that docs/ways-in.md gives it.
func (f *forward) run(command string, args, env []string, url, body string) (string, error) {
	port := f.Proxy[strings.LastIndexByte(f.Proxy, ':')+1:]
	fill := strings.NewReplacer("$ROOT", f.root(), "$URL", url, "$BODY", body, "$DIR", f.Dir, "$PORT", port)
	filled := make([]string, len(args))
	for i, arg := range args {
		filled[i] = fill.Replace(arg)
	}
	cmd := exec.Command(command, filled...)
	cmd.Env = append(os.Environ(), "HTTPS_PROXY="+f.Proxy, "https_proxy="+f.Proxy, "HTTP_PROXY="+f.Proxy, "http_proxy="+f.Proxy, "NO_PROXY=", "no_proxy=")
	for _, variable := range env {
		cmd.Env = append(cmd.Env, fill.Replace(variable))
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// trustStore makes one for Java, as docs/ways-in.md says.
func trustStore(t *testing.T, f *forward) {
	t.Helper()
	if _, err := exec.LookPath("keytool"); err != nil {
		return
	}
	output, err := exec.Command("keytool", "-importcert", "-noprompt", "-alias", "caddy", "-file", f.root(),
		"-keystore", f.path("root.p12"), "-storepass", "changeit").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// need is needsCommand, and makes ready what the command needs itself.
func need(t *testing.T, command string) {
	t.Helper()
	needsCommand(t, command)
	if command != "node" {
		return
	}
	if _, err := os.Stat(filepath.Join("connect-node", "node_modules")); err == nil {
		return
	}
	cmd := exec.Command("npm", "ci", "--silent")
	cmd.Dir = "connect-node"
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in e2e/connect-node: %v\n%s", err, output)
	}
}
