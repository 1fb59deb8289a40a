package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func TestConnectAdapt(t *testing.T) {
	for name, test := range readCaddyfiletests(t, "connect/adapt") {
		t.Run(name, func(t *testing.T) {
			adapted, err := adapt(t, test.Caddyfile)
			if err != nil {
				t.Fatal(err)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, adapted, "", "\t"); err != nil {
				t.Fatal(err)
			}
			test.compare(t, indented.String())
			if strings.Contains(test.Caddyfile, "upstream") || strings.Contains(test.Caddyfile, "partner_proxy") {
				assertSigned(t, test.Caddyfile, adapted)
			}
			setEnv(t, string(adapted))
			if err := caddy.Validate(stored(t, adapted)); err != nil {
				t.Errorf("this does not load: %v", err)
			}
		})
	}
}

// stored is a configuration whose CA is kept in a directory of the test's.
func stored(t testing.TB, adapted []byte) *caddy.Config {
	t.Helper()
	config := parse(t, adapted)
	config.StorageRaw = json.RawMessage(fmt.Sprintf(`{"module":"file_system","root":%q}`, t.TempDir()))
	return config
}

// TestConnectErrors has files as TestErrors has.
func TestConnectErrors(t *testing.T) {
	for name, test := range readCaddyfiletests(t, "connect/errors") {
		t.Run(name, func(t *testing.T) {
			_, err := adapt(t, test.Caddyfile)
			if err == nil {
				t.Fatal("there is no error")
			}
			test.compare(t, err.Error())
			before, _, _ := strings.Cut(test.Caddyfile, "# wrong")
			if place := fmt.Sprintf(", at Caddyfile:%d", 1+strings.Count(before, "\n")); !strings.Contains(err.Error(), place) {
				t.Errorf("the mistake is%s: %v", place, err)
			}
			if strings.Contains(strings.ToLower(err.Error()), "canary") {
				t.Errorf("the error repeats what could be a secret: %v", err)
			}
			if !saysWhatToDo.MatchString(err.Error()) {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}
