package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// canary stands where a user has pasted a token.
const canary = "sk_live_canary_7f3a9"

// FuzzCaddyfile has anything as the block of a partner_proxy. What is accepted
// is signed; what is not is refused without repeating a token behind bearer.
func FuzzCaddyfile(f *testing.F) {
	block := regexp.MustCompile(`(?s)partner_proxy \S+ \{\n(.*?)\n\t+\}\n`)
	paths, err := filepath.Glob("testdata/*/*.caddyfiletest")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, match := range block.FindAllSubmatch(data, -1) {
			f.Add(match[1])
		}
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		if bytes.Contains(block, []byte("import")) || bytes.Contains(block, []byte("{$")) {
			t.Skip("this would read files and variables")
		}
		accepted(t, block)
		refused(t, "bearer "+canary+"\n"+string(block))
		if endsInLine(block) {
			refused(t, string(block)+"\nbearer "+canary)
		}
	})
}

func inBlock(block string) string {
	return "http://localhost:8080 {\n\tpartner_proxy https://api.acme.example {\n" + block + "\n\t}\n}\n"
}

func refused(t *testing.T, block string) {
	_, err := adapt(t, inBlock(block))
	if err == nil {
		t.Fatal("a literal token is accepted")
	}
	if bytes.Contains([]byte(err.Error()), []byte(canary)) {
		t.Fatalf("the error repeats the token: %v", err)
	}
}

func accepted(t *testing.T, block []byte) {
	adapted, err := adapt(t, inBlock(string(block)))
	if err != nil {
		return
	}
	var config any
	if err := json.Unmarshal(adapted, &config); err != nil {
		t.Fatal(err)
	}
	signed := 0
	for _, proxy := range handlers(config, "reverse_proxy") {
		transport, _ := proxy["transport"].(map[string]any)
		if transport["protocol"] == "partnersign" && transport["upstream"] == "https://api.acme.example" && transport["tls"] != nil {
			signed++
		}
	}
	if signed == 0 {
		t.Fatalf("nothing is signed: %s", adapted)
	}
}

// endsInLine reports whether what comes after block is a line of its own in
// the block of the partner_proxy.
func endsInLine(block []byte) bool {
	if bytes.HasSuffix(bytes.TrimRight(block, "\r"), []byte(`\`)) {
		return false
	}
	tokens, err := caddyfile.Tokenize(append(bytes.Clone(block), "\nmark here"...), "Caddyfile")
	if err != nil || len(tokens) < 2 || tokens[len(tokens)-2].Text != "mark" || tokens[len(tokens)-1].Text != "here" || tokens[len(tokens)-1].Quoted() {
		return false
	}
	depth := 0
	for _, token := range tokens {
		switch {
		case token.Text == "{" && !token.Quoted():
			depth++
		case token.Text == "}" && !token.Quoted():
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0
}
