package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// Neither the API key and secret, nor a token, nor the signing key is to be found
// afterwards: not in logs of level DEBUG with and without credentials, metrics, the
// admin API, adapted configurations and answers; not even when OffBlocks quotes them.
func TestOffBlocksLeaks(t *testing.T) {
	for _, options := range []string{"", "servers {\n\t\tlog_credentials\n\t}"} {
		t.Run(fmt.Sprintf("credentials logged: %t", options != ""), func(t *testing.T) {
			var b trouble
			p := offBlocksSetup{Options: options, OffBlocks: b.of(partnertest.OffBlocksTokenCall)}.start(t)
			secrets := []string{offBlocksAPIKey, offBlocksSecret, "canary-in-the-answer"}
			for line := range strings.Lines(p.file.Files["key.pem"]) {
				if !strings.HasPrefix(line, "-----") {
					secrets = append(secrets, strings.TrimSpace(line))
				}
			}
			var answers strings.Builder
			say := func(status int, method, target, body string) {
				t.Helper()
				res := p.ask(method, target, body)
				if res.StatusCode != status {
					t.Errorf("%s %s: %d %s", method, target, res.StatusCode, res.Text)
				}
				fmt.Fprintln(&answers, res.Header, res.Text)
			}
			fails := func(f partnertest.Failure) {
				t.Helper()
				f.Body = strings.ReplaceAll(f.Body, "SECRET", offBlocksSecret+" canary-in-the-answer")
				b.begin(f)
				say(503, "POST", customers, "{}")
				b.end()
				waitFor(t, "a token to be had again", func() bool { return p.ask("GET", customers, "").StatusCode == 404 })
			}
			fails(partnertest.Failure{Status: 400, Body: `{"error":"SECRET","message":"SECRET"}`})
			say(201, "POST", customers, "{}")
			say(403, "POST", "/v1/auth/token", "{}")
			p.InvalidateTokens()
			say(201, "POST", customers, "{}")
			p.replace("api-secret", "canary-in-the-answer-wrong")
			within(t, soon, "the wrong secret to be used", func() bool { return p.ask("GET", customers, "").StatusCode == 503 })
			say(503, "POST", customers, "{}")
			p.replace("api-secret", offBlocksSecret)
			within(t, soon, "the former secret to be used", func() bool { return p.ask("GET", customers, "").StatusCode == 404 })
			for _, r := range p.calls() {
				token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
				secrets = append(secrets, token, token[strings.LastIndexByte(token, '.')+1:])
			}
			p.mustReload(p.file)
			p.OffBlocks.Close()
			say(502, "POST", customers, "{}")
			dfnsProxy{process: p.process}.searchLeaks(t, secrets, answers.String()) // it asks the process alone
		})
	}
}

// A failure has one line that says which token of whom, a new token another.
func TestOffBlocksTokenLogged(t *testing.T) {
	var b trouble
	p := offBlocksSetup{OffBlocks: b.of(partnertest.OffBlocksTokenCall)}.start(t)
	b.begin(partnertest.Failure{Status: 503})
	for range 5 {
		p.ask("GET", customers, "")
	}
	b.end()
	within(t, 5*time.Second, "a token", func() bool { return p.ask("GET", customers, "").StatusCode == 404 })
	count := map[string]int{}
	for line := range strings.Lines(p.Log()) {
		if at(line, "source") == p.Addr().String() && at(line, "partner") == "offblocks" {
			count[fmt.Sprint(at(line, "level"), ": ", at(line, "msg"))]++
		}
	}
	if count["error: no bearer token could be had"] != 1 || count["info: a new bearer token is in use"] != 1 || len(count) != 2 {
		t.Errorf("%v", count)
	}
}
