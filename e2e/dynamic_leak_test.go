package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// Neither the server token nor a session token is to be found afterwards: not in
// logs of level DEBUG with and without credentials, metrics, the admin API,
// adapted configurations, the storage and, with strip_session, answers; nor in
// what is said when things fail.
func TestDynamicLeaks(t *testing.T) {
	for _, options := range []string{"", "servers {\n\t\tlog_credentials\n\t}\n\t"} {
		t.Run(fmt.Sprintf("credentials logged: %t", options != ""), func(t *testing.T) {
			p := dynamicSetup{Lines: "strip_session\nsdk_token {env.SDK_TOKEN}", Options: options + inStorage, Env: []string{"SDK_TOKEN=canary-sdk-token"},
				Dynamic: partnertest.DynamicOptions{Fail: func(_ partnertest.DynamicStage, _ int, seen *partnertest.Request) (f partnertest.Failure) {
					if strings.HasSuffix(seen.Target, "/quote?again") {
						f = partnertest.Failure{Status: 401, Body: `{"error":"invalid: ` + seen.Header.Get(flowToken) + `"}`}
					}
					return f
				}}}.start(t)
			secrets := []string{dynamicToken, "canary-sdk-token", "canary-store-key", strings.TrimPrefix(storeKey, "STORE_KEY=")}
			var answers strings.Builder
			say := func(f flow, step string, status int, headers ...string) {
				t.Helper()
				res := f.goes(step, status, headers...)
				fmt.Fprintln(&answers, res.Header, res.Text)
			}
			attach := func() flow {
				t.Helper()
				f := p.create()
				say(f, "source", 200)
				token := p.SessionToken(f.id)
				if token == "" {
					t.Fatal("no token is alive")
				}
				secrets = append(secrets, token)
				return f
			}
			f := attach()
			say(f, "source", 200)
			secrets = append(secrets, p.SessionToken(f.id))
			if res := f.goes("quote?again", 401); !strings.Contains(res.Text, secrets[len(secrets)-1]) {
				t.Errorf("Dynamic did not quote the token: %s", res.Text)
			}
			say(f, "quote", 401)
			f = attach()
			say(f, "quote", 200)
			p.away()
			say(f, "quote", 503)
			say(p.create(), "source", 503)
			p.back()
			for name, text := range p.storedIn(t, "storage/partnersign") {
				fmt.Fprintln(&answers, name, text)
			}
			p.mustReload(p.file)
			say(f, "prepare", 200)
			p.replace("token", "\n")
			within(t, 5*time.Second, "the empty token to be read", func() bool {
				return p.ask("POST", "/server/"+dynamicEnv+"/flow/payment").StatusCode == 503
			})
			p.Dynamic.Close()
			say(f, "broadcast", 502)
			dfnsProxy{process: p.process}.searchLeaks(t, secrets, answers.String()) // it asks the process alone
		})
	}
}
