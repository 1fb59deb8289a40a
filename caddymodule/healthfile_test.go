package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func TestHealthAdapt(t *testing.T) {
	for name, test := range readCaddyfiletests(t, "health/adapt") {
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
			if err := caddy.Validate(parse(t, adapted)); err != nil {
				t.Errorf("this does not load: %v", err)
			}
		})
	}
}

func TestHealthErrors(t *testing.T) {
	for name, test := range readCaddyfiletests(t, "health/errors") {
		t.Run(name, func(t *testing.T) {
			_, err := adapt(t, test.Caddyfile)
			if err == nil {
				t.Fatal("there is no error")
			}
			test.compare(t, err.Error())
			if strings.Contains(err.Error(), "canary") || !saysWhatToDo.MatchString(err.Error()) {
				t.Errorf("the error repeats its input or does not say what to do: %v", err)
			}
		})
	}
}
