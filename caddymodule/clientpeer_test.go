package caddymodule_test

import (
	"os"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/caddymodule"
	"github.com/partnersign/partnersign/signer"
)

// TestClientPeersThatAreNotThere tells which, and never what is written there:
// it may be a secret on a wrong line.
func TestClientPeersThatAreNotThere(t *testing.T) {
	for line, want := range map[string]string{
		"client_users root canary-4f1c":  "client_users: there is no such user on this machine as number 2 of the line",
		"client_groups canary-4f1c root": "client_groups: there is no such group on this machine as number 1 of the line",
		"client_users 65534":             "client_users: number 1 of the line is the user 65534",
		"client_groups 0 65534":          "client_groups: number 2 of the line is the group 65534",
		"client_users nobody":            "client_users: number 1 of the line is the user 65534",
		"client_users -1":                "client_users: there is no such user",
		"client_users 4294967296":        "client_users: there is no such user",
		"client_users 0":                 "",
		"client_groups root 4711":        "",
	} {
		err := caddy.Validate(mustAdapt(t, guarded(line)))
		switch {
		case want == "":
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
		case err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary"):
			t.Errorf("%s: got %v, want %q", line, err, want)
		}
	}
}

// TestClientPeersElsewhere has callers whom the kernel tells nothing about.
func TestClientPeersElsewhere(t *testing.T) {
	for _, guard := range []string{"client_users root", "client_groups root"} {
		server := serve(t, guarded(guard))
		send(t, server.Client(), server.URL).assertProblem(t, caddymodule.ClientRefused, "")
	}
}

// TestClientRefusedIsDocumented sees to its section.
func TestClientRefusedIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n## "+caddymodule.ClientRefused.Name+"\n") {
		t.Error("docs/problems.md does not explain client-refused")
	}
	for _, kind := range signer.Kinds() {
		if kind.Name == caddymodule.ClientRefused.Name {
			t.Error("client-refused is there twice")
		}
	}
}
