package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// The commands of docs/ways-in.md run, and its Caddyfiles load.
func TestWaysInPage(t *testing.T) {
	for _, command := range []string{"curl", "wget", "python3", "openssl", "keytool"} {
		needsCommand(t, command)
	}
	partner := newAcme(t, partnertest.Options{})
	block := namedBlock(t, partner, "127.0.0.1", acme)
	caddy := startForward(t, connects("", block)+"handle_path /acme/* {\n"+block+"}\n", partner)
	var commands strings.Builder
	calls := 0
	for _, text := range waysInBlocks("sh") {
		calls += strings.Count(text, "api.acme.example") + strings.Count(text, ":8080/acme")
		commands.WriteString(text)
	}
	cmd := exec.Command("sh", "-ec", strings.NewReplacer(
		"http://127.0.0.1:8080/acme/", caddy.Proxy+"/acme/",
		"http://127.0.0.1:3128", caddy.Proxy,
		"http://api.acme.example", plainURL,
		"https://api.acme.example", named(partner),
		"curl -sS http://localhost:2019", "curl -sS --noproxy '*' --unix-socket "+caddy.path("admin.sock")+" http://localhost",
	).Replace(commands.String()))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+caddy.Dir, "no_proxy=", "NO_PROXY=")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if readFile(cmd.Dir+"/root.crt") != readFile(caddy.root()) {
		t.Error("the admin endpoint has another root than the file")
	}
	only(t, partner, calls)
	for i, text := range waysInBlocks("caddyfile") {
		path := caddy.path(fmt.Sprint("Caddyfile", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(caddy.cmd.Path, "validate", "--adapter", "caddyfile", "--config", path)
		cmd.Env = append(caddy.cmd.Env, "PROXY_SECRET=secret")
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s\n%s", err, output, text)
		}
	}
}

// waysInBlocks are the blocks of the page in one language.
func waysInBlocks(language string) (blocks []string) {
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(readFile("../docs/ways-in.md"), -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}
