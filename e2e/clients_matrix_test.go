package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// clientBodies are what each client sends, by the names they have on the way.
var clientBodies = []string{"json", "form", "multipart"}

const expecting = "-expect" // ends the name of a body sent with Expect: 100-continue

// Clients as they are on machines come in by all four ways with all bodies, and
// the partner accepts what they send. docs/clients.md says so.
func TestClients(t *testing.T) {
	if err := exec.Command("unshare", "--mount", "true").Run(); err != nil {
		lacks(t, "there can be no other /etc/hosts: %v", err)
	}
	ways := startWaysIn(t)
	ways.trustRoot(t)
	if err := os.WriteFile(ways.path("invoice.pdf"), clientDocument, 0o600); err != nil {
		t.Fatal(err)
	}
	came := make([][][]string, len(clients))
	t.Run("programs", func(t *testing.T) {
		for i, client := range clients {
			t.Run(client.name, func(t *testing.T) {
				t.Parallel()
				program := client.prepare(t)
				for _, way := range ways.all {
					t.Run(way.name, func(t *testing.T) {
						came[i] = append(came[i], ways.try(t, client, program, way))
					})
				}
			})
		}
	})
	checkTable(t, ways.all, came)
}

// try runs a client's program and returns the names of the bodies that the partner
// accepted.
func (w waysIn) try(t *testing.T, client legacyClient, program []string, way wayIn) []string {
	t.Helper()
	var relay *relay
	if way.plain != "" {
		relay = startRelay(t, way.plain, client.waits)
		way = way.through(relay.Addr().String())
	}
	sent := t.TempDir()
	path := "/v1/" + strings.Map(onlyLetters, client.name+way.name)
	cmd := w.command(t, way, program[0], append(slices.Clone(program[1:]), way.url+path, w.path("invoice.pdf"), sent)...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.4000s", err, output)
	}
	var came []string
	for _, body := range clientBodies {
		for _, name := range []string{body, body + expecting} {
			answered := lineOf(string(output), name)
			if strings.HasSuffix(name, expecting) && client.cannotExpect != "" {
				if requests := w.received(path + "/" + name); len(requests) > 0 || !strings.HasPrefix(answered, "refused: ") {
					t.Errorf("%s: the client can, and docs/clients.md says that it cannot: %s", name, answered)
				}
				continue
			}
			if w.accepted(t, path, name, client.sent(t, sent, name)) {
				came = append(came, name)
			}
			client.answered(t, name, answered)
			if strings.HasSuffix(name, expecting) {
				w.expected(t, path+"/"+name)
				client.obeyed(t, name, relay)
			}
		}
	}
	return came
}

func onlyLetters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

// lineOf is what a program printed after a body's name.
func lineOf(output, name string) string {
	for line := range strings.Lines(output) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func (w waysIn) received(target string) []*partnertest.Request {
	return slices.DeleteFunc(w.partner.Requests(), func(r *partnertest.Request) bool { return r.Target != target })
}

// sent is what the client wrote down, or nil where it does not know that itself.
func (c legacyClient) sent(t *testing.T, dir, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !(c.hidesParts && strings.HasPrefix(name, "multipart")) {
		t.Error(err)
	}
	return body
}

// accepted compares what came with what was sent, and with what it is to say.
func (w waysIn) accepted(t *testing.T, path, name string, sent []byte) bool {
	t.Helper()
	requests := w.received(path + "/" + name)
	if len(requests) != 1 {
		t.Errorf("%s: the partner saw %d requests", name, len(requests))
		return false
	}
	seen := requests[0]
	verified(t, seen)
	if expect := seen.Header.Get("Expect"); expect != "" {
		t.Errorf("%s: the partner got Expect: %s", name, expect)
	}
	if sent != nil && !bytes.Equal(seen.Body, sent) {
		t.Errorf("%s: the partner got %d bytes, and the client sent %d others", name, len(seen.Body), len(sent))
	}
	want := submission{fields: clientFields}
	if strings.HasPrefix(name, "multipart") {
		want.document = clientDocument
	}
	want.same(t, seen.Header.Get("Content-Type"), seen.Body)
	return seen.Verdict.OK
}
