package e2e

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the table in docs/clients.md")

const (
	clientsDoc = "../docs/clients.md"
	tableBegin = "<!-- go test ./e2e -run '^TestClients$' -update writes from here -->\n"
	tableEnd   = "<!-- to here -->\n"
)

// checkTable compares what came with what docs/clients.md says of it. The line of a
// client that is not on this machine is not compared.
func checkTable(t *testing.T, ways []wayIn, came [][][]string) {
	t.Helper()
	doc := readFile(clientsDoc)
	before, rest, found := strings.Cut(doc, tableBegin)
	table, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the table", clientsDoc)
	}
	switch want := tableOf(ways, came, table); {
	case want == table || t.Failed():
	case *update:
		if err := os.WriteFile(clientsDoc, []byte(before+tableBegin+want+tableEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("docs/clients.md says\n%s\nand this is what came:\n%s\ngo test ./e2e -run '^TestClients$' -update rewrites it", table, want)
	}
}

func tableOf(ways []wayIn, came [][][]string, before string) string {
	var b, notes strings.Builder
	b.WriteString("\n| client |")
	for _, way := range ways {
		b.WriteString(" " + way.name + " |")
	}
	b.WriteString(" `Expect: 100-continue` |\n|" + strings.Repeat(" --- |", len(ways)+2) + "\n")
	for i, client := range clients {
		start := "| " + client.name + " |"
		if came[i] == nil {
			b.WriteString(lineWith(before, start))
			continue
		}
		b.WriteString(start)
		for _, names := range came[i] {
			b.WriteString(" " + cell(names) + " |")
		}
		b.WriteString(" " + client.expectCell() + " |\n")
	}
	for _, client := range clients {
		if client.cannotExpect != "" {
			notes.WriteString("\n\\* " + client.name + " " + client.cannotExpect + ".\n")
		}
	}
	return b.String() + notes.String() + "\n"
}

// cell is which bodies came from a client by one way.
func cell(names []string) string {
	var came []string
	for _, body := range clientBodies {
		if slices.Contains(names, body) {
			came = append(came, body)
		}
	}
	if len(came) == len(clientBodies) {
		return "yes"
	}
	return "only " + strings.Join(came, ", ")
}

func (c legacyClient) expectCell() string {
	switch {
	case c.cannotExpect != "":
		return "cannot \\*"
	case c.waits:
		return "waits for 100"
	default:
		return "does not wait"
	}
}

func lineWith(text, start string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, start) {
			return line
		}
	}
	return ""
}
