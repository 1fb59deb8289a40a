package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A program posts a file, $BODY, to a URL, $URL, with nothing but its environment
// changed. TestClients has the others; here each speaks a way that it does not
// choose of itself, or comes from beyond Debian's own clients.
type program struct {
	name, command string
	args          []string
	env           []string // beside the proxy; $ROOT is the file of the root
}

var programs = []program{
	{"curl HTTP/1.1", "curl", []string{"-sS", "--fail-with-body", "--http1.1", "-H", "Content-Type: application/json", "--data-binary", "@$BODY", "$URL"}, []string{"CURL_CA_BUNDLE=$ROOT"}},
	{"curl HTTP/2", "curl", []string{"-sS", "--fail-with-body", "--http2", "-H", "Content-Type: application/json", "--data-binary", "@$BODY", "$URL"}, []string{"CURL_CA_BUNDLE=$ROOT"}},
	{"curl chunked, expecting 100", "curl", []string{"-sS", "--fail-with-body", "--http1.1", "-H", "Content-Type: application/json", "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--data-binary", "@$BODY", "$URL"}, []string{"CURL_CA_BUNDLE=$ROOT"}},
	{"Python requests", "python3", []string{"testdata/connect/requests_post.py", "$URL", "$BODY"}, []string{"REQUESTS_CA_BUNDLE=$ROOT"}},
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
	for _, program := range programs {
		t.Run(program.name, func(t *testing.T) {
			program.need(t)
			for name, body := range bodies {
				partner.Reset()
				if output, err := caddy.run(program, named(partner)+"/v1/payments?expand=all", caddy.path(name)); err != nil {
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
func (f *forward) run(p program, url, body string) (string, error) {
	fill := strings.NewReplacer("$ROOT", f.root(), "$URL", url, "$BODY", body)
	args := make([]string, len(p.args))
	for i, arg := range p.args {
		args[i] = fill.Replace(arg)
	}
	cmd := exec.Command(p.command, args...)
	cmd.Env = append(os.Environ(), "HTTPS_PROXY="+f.Proxy, "https_proxy="+f.Proxy, "HTTP_PROXY="+f.Proxy, "http_proxy="+f.Proxy, "NO_PROXY=", "no_proxy=")
	for _, variable := range p.env {
		cmd.Env = append(cmd.Env, fill.Replace(variable))
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

func (p program) need(t *testing.T) {
	t.Helper()
	needsCommand(t, p.command)
	if p.name == "Python requests" && exec.Command("python3", "-c", "import requests").Run() != nil {
		lacks(t, "Python has no requests: install python3-requests")
	}
}
