package caddymodule_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/caddymodule"
)

func TestVerifyAdapt(t *testing.T) {
	for name, test := range readCaddyfiletests(t, "verify/adapt") {
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
			setEnv(t, string(adapted))
			if err := caddy.Validate(parse(t, adapted)); err != nil {
				t.Errorf("this does not load: %v", err)
			}
		})
	}
}

// TestVerifyErrors has files as TestErrors has.
func TestVerifyErrors(t *testing.T) {
	t.Setenv("CANARY", "whs_canary")
	for name, test := range readCaddyfiletests(t, "verify/errors") {
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
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error repeats what could be a secret: %v", err)
			}
			if !saysWhatToDo.MatchString(err.Error()) {
				t.Errorf("the error does not say what to do: %v", err)
			}
		})
	}
}

// TestVerifyProvision has JSON that no Caddyfile makes.
func TestVerifyProvision(t *testing.T) {
	t.Setenv("DFNS_WEBHOOK_SECRET", webhookSecret)
	const secret = `"secrets":["{env.DFNS_WEBHOOK_SECRET}"]`
	for fields, want := range map[string]string{
		`"partner":"dfns",` + secret:                                     "",
		`"partner":"dfns",` + secret + `,"tolerance":"1h","max_body":10`: "",
		secret:                       "dfns",
		`"partner":"acme",` + secret: "dfns",
		`"partner":"dfns"`:           "secret is missing",
		`"partner":"dfns","secrets":["whs_canary"]`:                                       "secret: expected",
		`"partner":"dfns","secrets":["{env.DFNS_WEBHOOK_SECRET}","{env.MISSING_SECRET}"]`: "MISSING_SECRET",
		`"partner":"dfns",` + secret + `,"tolerance":"-1s"`:                               "tolerance: expected",
		`"partner":"dfns",` + secret + `,"tolerance":"2h"`:                                "tolerance: expected",
		`"partner":"dfns",` + secret + `,"max_body":-1`:                                   "max_body: expected",
	} {
		v := new(caddymodule.Verifier)
		if err := json.Unmarshal([]byte("{"+fields+"}"), v); err != nil {
			t.Fatal(err)
		}
		err := v.Provision(newContext(t))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", fields, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error repeats what could be a secret: %v", err)
		}
	}
}

// TestVerifyOrder has a handle block for the same path, and one inside.
func TestVerifyOrder(t *testing.T) {
	app := newApplication(t)
	const verify = "partnersign_verify /webhooks/* dfns {\nsecret {env.DFNS_WEBHOOK_SECRET}\n}\n"
	for _, directives := range []string{
		"handle /webhooks/* {\nreverse_proxy " + app.Listener.Addr().String() + "\n}\n" + verify,
		"handle {\nreverse_proxy " + app.Listener.Addr().String() + "\n" + verify + "\n}",
		"respond /webhooks/* passed\n" + verify,
		"handle_path /* {\nreverse_proxy " + app.Listener.Addr().String() + "\n}\n" + verify,
	} {
		server := serve(t, site(directives))
		postWebhook(t, server, webhook(0), "X-Dfns-Webhook-Signature: ").assertProblem(t, caddymodule.WebhookUnverified, "dfns")
		assertStatus(t, postWebhook(t, server, webhook(0)), 200)
	}
}
