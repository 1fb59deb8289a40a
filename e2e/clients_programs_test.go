package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A legacyClient is what an application uses that knows nothing of signatures.
// Its program sends six bodies, with the partner's URL, a document and a directory
// as its last arguments. It writes what it sent into the directory, under the
// body's name, and prints a line for each: the name and the statuses that came.
type legacyClient struct {
	name         string
	prepare      func(*testing.T) []string // the program, or a skip
	waits        bool                      // for 100, before it sends the body
	silent       bool                      // it does not tell of 100
	hidesParts   bool                      // it does not tell how it writes multipart
	cannotExpect string                    // why it sends no Expect
}

var clients = []legacyClient{
	{name: "curl", prepare: script("curl", "sh", "testdata/clients/curl.sh"), waits: true, hidesParts: true},
	{name: "wget", prepare: script("wget", "sh", "testdata/clients/wget.sh"), silent: true},
	{name: "Python urllib", prepare: script("python3", "python3", "testdata/clients/urllib_client.py")},
	{name: "Node http", prepare: script("node", "node", "testdata/clients/http_client.mjs"), waits: true},
	{name: "Node fetch", prepare: fetch("testdata/clients/fetch_client.mjs"), cannotExpect: "refuses to send it"},
	{name: "Java HttpURLConnection", prepare: java("UrlConnectionClient"), waits: true},
	{name: "Java HttpClient", prepare: java("HttpClientClient"), waits: true},
	{name: "Perl LWP", prepare: perl("testdata/clients/lwp_client.pl"), waits: true},
	{name: "PHP streams", prepare: script("php", "php", "testdata/clients/streams_client.php"), silent: true},
	{name: "Go net/http", prepare: golang("testdata/clients/client.go"), waits: true},
}

func script(needs string, program ...string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		needsCommand(t, needs)
		return program
	}
}

// fetch comes with Node, and undici, by which it has a proxy, from npm.
func fetch(file string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		needsCommand(t, "node")
		if _, err := os.Stat("connect-node/node_modules"); err == nil {
			return []string{"node", file}
		}
		needsCommand(t, "npm")
		cmd := exec.Command("npm", "ci", "--silent")
		cmd.Dir = "connect-node"
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm ci in e2e/connect-node: %v\n%s", err, output)
		}
		return []string{"node", file}
	}
}

func perl(file string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		needsCommand(t, "perl")
		for _, module := range []string{"LWP::UserAgent", "LWP::Protocol::https"} {
			if err := exec.Command("perl", "-M"+module, "-e1").Run(); err != nil {
				lacks(t, "Perl has no %s: install libwww-perl and liblwp-protocol-https-perl", module)
			}
		}
		return []string{"perl", file}
	}
}

func java(class string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		for _, command := range []string{"java", "javac", "keytool"} {
			needsCommand(t, command)
		}
		classes := t.TempDir()
		output, err := exec.Command("javac", "-encoding", "UTF-8", "-sourcepath", "testdata/clients", "-d", classes,
			"testdata/clients/"+class+".java").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes, class}
	}
}

func golang(file string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		needsCommand(t, "go")
		binary := filepath.Join(t.TempDir(), "client")
		if output, err := exec.Command("go", "build", "-o", binary, file).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return []string{binary}
	}
}
