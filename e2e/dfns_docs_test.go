package e2e

import (
	"crypto"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What docs/dfns.md says from the service account to the first wallet works word
// by word, with each of its keys, and all of its configurations load.
func TestDfnsDocs(t *testing.T) {
	needsCommand(t, "openssl")
	needsCommand(t, "curl")
	commands, files := docsBlocks(t, "sh"), docsBlocks(t, "caddyfile")
	if len(commands) != 4 || len(files) != 7 {
		t.Fatalf("the page has %d blocks of commands and %d Caddyfiles: count them here, too", len(commands), len(files))
	}
	first, public, _ := strings.Cut(commands[0], "\n")
	others, calls, application := commands[1], commands[2], commands[3]
	for make := range strings.Lines(first + "\n" + others) {
		t.Run(make, func(t *testing.T) {
			dir := t.TempDir()
			shell(t, dir, make+public+application)
			dfns := partnertest.NewDfns(t, partnertest.DfnsOptions{Token: "token", Credentials: map[string]crypto.PublicKey{
				"cr-6uunn-bm6ja-f6rmod5kqrk5rbel": publicKey(t, filepath.Join(dir, "credential.pub.pem")),
			}})
			_, site, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(files[0]), "}"), "bind 127.0.0.1\n")
			site = strings.Replace(site, "partner_proxy dfns {", "partner_proxy dfns "+dfns.URL()+" {\ntransport http {\ntls_trust_pool file DIR/ca.pem\n}", 1)
			caddy := startCaddy(t, caddyfile{
				Site: strings.ReplaceAll(site, "/etc/partnersign/", "DIR/"),
				Files: map[string]string{
					"ca.pem": string(dfns.CA()), "dfns-token": "token\n",
					"credential.pem": readFile(filepath.Join(dir, "credential.pem")), "app.pem": readFile(filepath.Join(dir, "app.pem")),
				},
				Env: []string{"CLIENT_SECRET=a", "DFNS_APP_SECRET=b", "DFNS_WEBHOOK_SECRET=c"},
			})
			output := shell(t, dir, strings.ReplaceAll(calls, "http://localhost:8080", caddy.URL))
			if n := strings.Count(output, `"name":"first"`); n != 2 || len(dfns.Refusals()) > 0 {
				t.Errorf("%s %v", output, dfns.Refusals())
			}
			validate(t, caddy, files)
		})
	}
}

// validate loads each Caddyfile; those that are no sites stand in one.
func validate(t *testing.T, caddy *process, files []string) {
	t.Helper()
	for i, file := range files {
		if !strings.HasPrefix(file, "http") {
			file = "http://localhost:8080 {\n\tbind 127.0.0.1\n" + file + "}\n"
		}
		path := caddy.path(fmt.Sprint("Caddyfile", i))
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(file, "/etc/partnersign/", caddy.Dir+"/")), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := caddyCommand(caddy, "validate", "--adapter", "caddyfile", "--config", path); err != nil {
			t.Errorf("%v\n%s", err, file)
		}
	}
}

// docsBlocks are the blocks of the page in one language.
func docsBlocks(t *testing.T, language string) (blocks []string) {
	t.Helper()
	page := readFile("../docs/dfns.md")
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// shell runs commands and returns what they print.
func shell(t *testing.T, dir, commands string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", commands)
	cmd.Dir = dir
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, commands, output)
	}
	return string(output)
}
