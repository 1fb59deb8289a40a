package main

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

var pageBlock = regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")

// page follows a page of docs: what is in blocks of caddyfile and http becomes
// the files Caddyfile and captured.http, what is in blocks of sh is run, and
// what it prints must be in the block of text behind. A command that leaves with
// status 1 has found something, as pages show.
func page(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: page <name>")
	}
	path := filepath.Join("..", "..", "docs", args[0]+".md")
	data, err := os.ReadFile(path)
	ts.Check(err)
	output := ""
	seen := map[string]int{}
	text := pageBlock.ReplaceAllStringFunc(string(data), func(block string) string {
		parts := pageBlock.FindStringSubmatch(block)
		kind, content := parts[1], parts[2]
		seen[kind]++
		switch kind {
		case "caddyfile", "http":
			name := map[string]string{"caddyfile": "Caddyfile", "http": "captured.http"}[kind]
			ts.Check(os.WriteFile(ts.MkAbs(name), []byte(content), 0o600))
		case "sh":
			if err := ts.Exec("sh", "-c", content); err != nil && err.Error() != "exit status 1" {
				ts.Fatalf("%s: %v", content, err)
			}
			output = ts.ReadFile("stdout")
		case "text":
			if os.Getenv("UPDATE_SCRIPTS") != "" {
				return "```text\n" + output + "```"
			}
			if output != content {
				ts.Fatalf("the page says\n%s\nand the command\n%s", content, output)
			}
		}
		return block
	})
	if seen["sh"] == 0 || seen["text"] == 0 {
		ts.Fatalf("the page has no commands, or shows none of their output")
	}
	if text != string(data) {
		ts.Check(os.WriteFile(path, []byte(text), 0o666))
	}
}
