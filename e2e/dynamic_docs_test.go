package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What docs/dynamic.md says from the token to the first payment works word by
// word, and all of its configurations load.
func TestDynamicDocs(t *testing.T) {
	for _, command := range []string{"openssl", "curl", "jq"} {
		needsCommand(t, command)
	}
	commands, files := pageBlocks(t, "dynamic", "sh", 2), pageBlocks(t, "dynamic", "caddyfile", 6)
	dir := t.TempDir()
	shell(t, dir, commands[0])
	dynamic := partnertest.NewDynamic(t, partnertest.DynamicOptions{Tokens: []string{"dyn_token"}})
	file := docsFile(files[0], "partner_proxy dynamic {", "partner_proxy dynamic "+dynamic.URL()+" {")
	file.Files = map[string]string{
		"ca.pem": string(dynamic.CA()), "dynamic-token": "dyn_token\n",
		"store-key": readFile(dir + "/store-key"), "new-store-key": strings.Repeat("0123456789abcdeffedcba9876543210", 2),
	}
	p := startCaddy(t, file)
	output := shell(t, dir, strings.ReplaceAll(commands[1], "http://localhost:8080", p.URL))
	if !strings.Contains(output, `"executionState":"broadcasted"`) || len(dynamic.Refusals()) > 0 {
		t.Errorf("%s %v", output, dynamic.Refusals())
	}
	p.loads(t, files)

	var adapted any
	if err := json.Unmarshal([]byte(p.adapt(t, files[5])), &adapted); err != nil {
		t.Fatal(err)
	}
	captures := find(adapted, "captures")
	if id := at(captures, 0, "id", 1, "pointer"); id != "/id" || at(captures, 1, "mint", "path") != "/api/v0/sdk/:env/flow/:flow/source" || at(captures, 2) != nil {
		t.Errorf("the page's capture does not replace that of the older form alone: %s", captures)
	}
}

// pageBlocks are the blocks of a page in one language, of which there are n.
func pageBlocks(t *testing.T, page, language string, n int) (blocks []string) {
	t.Helper()
	text := readFile("../docs/" + page + ".md")
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) != n {
		t.Fatalf("the page has %d blocks in %s: count them here, too", len(blocks), language)
	}
	return blocks
}

// docsFile is a page's Caddyfile as startCaddy takes it, in front of a demo.
func docsFile(file, preset, played string) caddyfile {
	options, site, _ := strings.Cut(file, "http://localhost:8080, http://127.0.0.1:8080 {\n\tbind 127.0.0.1\n")
	options = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(options), "{"), "}")
	site = strings.TrimSuffix(strings.TrimSpace(site), "}")
	site = strings.Replace(site, preset, played+"\ntransport http {\ntls_trust_pool file DIR/ca.pem\n}", 1)
	return caddyfile{Site: docsPaths(site), Options: docsPaths(options)}
}

func docsPaths(text string) string { return strings.ReplaceAll(text, "/etc/partnersign/", "DIR/") }

// docsCaddyfile writes a block of a page as a file of its own.
func (p *process) docsCaddyfile(t *testing.T, block string) string {
	t.Helper()
	if strings.HasPrefix(block, "partner_proxy") {
		block = "http://localhost:8080 {\n\tbind 127.0.0.1\n" + block + "}\n"
	}
	path := p.path("Caddyfile.docs")
	if err := os.WriteFile(path, []byte(p.expand(docsPaths(block))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// loads validates each Caddyfile.
func (p *process) loads(t *testing.T, files []string) {
	t.Helper()
	for _, file := range files {
		if _, err := caddyCommand(p, "validate", "--adapter", "caddyfile", "--config", p.docsCaddyfile(t, file)); err != nil {
			t.Errorf("%v\n%s", err, file)
		}
	}
}

func (p *process) adapt(t *testing.T, file string) string {
	t.Helper()
	output, err := caddyCommand(p, "adapt", "--adapter", "caddyfile", "--config", p.docsCaddyfile(t, file))
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	return output
}

// find is the JSON of the first member of this name, however deep.
func find(value any, name string) string {
	switch value := value.(type) {
	case map[string]any:
		if found, ok := value[name]; ok {
			text, _ := json.Marshal(found) // it was JSON before
			return string(text)
		}
		for _, member := range value {
			if found := find(member, name); found != "" {
				return found
			}
		}
	case []any:
		for _, element := range value {
			if found := find(element, name); found != "" {
				return found
			}
		}
	}
	return ""
}
