package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// slow has calls of a stage take their time.
func slow(stage partnertest.DfnsStage, delay string) func(partnertest.DfnsStage, int, *partnertest.Request) partnertest.DfnsFailure {
	d, err := time.ParseDuration(delay)
	if err != nil {
		panic(err)
	}
	return func(at partnertest.DfnsStage, _ int, _ *partnertest.Request) (f partnertest.DfnsFailure) {
		if at == stage {
			f.Delay = d
		}
		return f
	}
}

// What waits for an approval is answered with 202, and not sent again.
func TestDfnsPolicyPending(t *testing.T) {
	p := dfnsSetup{Lines: dfnsAdmin}.start(t)
	wallet := p.wallet()
	p.ask("POST", "/v2/policies", `{"name":"p","activityKind":"Wallets:Sign","rule":{"kind":"AlwaysTrigger"},"action":{"kind":"RequestApproval"}}`).ok(t)
	for _, externalID := range []string{"", "order-1"} {
		p.Partner.Reset()
		res := p.ask("POST", wallet+"/transfers", transfer(externalID))
		if res.StatusCode != 202 || at(res.Text, "status") != "Pending" || res.Header.Get("Proxy-Status") != "" {
			t.Errorf("%d %s", res.StatusCode, res.Text)
		}
		p.saw(t, signed("POST "+wallet+"/transfers")...)
	}
	p.inOrder(t)
}

// What Dfns could not authorise, or what is not to be done by whoever reaches
// the proxy, is refused before anything is sent.
func TestDfnsRefusals(t *testing.T) {
	p := dfnsSetup{}.start(t)
	for _, test := range []struct {
		call   string
		status int
		kind   string
	}{
		{"PATCH /wallets/wa-1", 400, "invalid-request"},
		{"REPORT /wallets/wa-1", 400, "invalid-request"},
		{"POST /permissions", 403, "not-allowed"},
		{"DELETE /permissions/pm-1/assignments/as-1", 403, "not-allowed"},
		{"POST /v2/policies", 403, "not-allowed"},
		{"DELETE /v2/policies/plc-1", 403, "not-allowed"},
		{"POST /v2/policy-approvals/ap-1/decisions", 403, "not-allowed"},
		{"POST /auth/service-accounts", 403, "not-allowed"},
		{"PUT /auth/users/us-1/activate", 403, "not-allowed"},
		{"POST /auth/credentials", 403, "not-allowed"},
		{"POST /auth/login", 403, "not-allowed"},
		{"POST /auth/Action", 403, "not-allowed"},
		{"POST /auth/action/", 403, "not-allowed"},
		{"POST /wallets/wa-1/export", 403, "not-allowed"},
		{"POST /wallets/wa-1/delegate", 403, "not-allowed"},
		{"POST /keys/key-1/export", 403, "not-allowed"},
		{"POST /Keys/key-1/%64elegate", 403, "not-allowed"},
	} {
		method, target, _ := strings.Cut(test.call, " ")
		p.ask(method, target, "{}").refused(t, test.status, test.kind)
	}
	p.send("POST", "/wallets", strings.NewReader("{\"name\":\"B\xfcro\"}"), "Content-Type: application/json").refused(t, 415, "body-unusable")
	p.saw(t)
	for _, call := range []string{"/auth/service-accounts", "/permissions", "/v2/policies", "/v2/policy-approvals"} {
		p.ask("GET", call, "").ok(t) // reading is not guarded
	}
}

// Guarded calls pass where a line says so, and are signed as others are.
func TestDfnsGuardedAllowed(t *testing.T) {
	p := dfnsSetup{Lines: "allow * /permissions/** /v2/**\nallow POST /permissions guarded"}.start(t)
	p.ask("POST", "/permissions", `{"name":"payer","operations":["Wallets:Read"]}`).ok(t)
	p.ask("POST", "/v2/policies", "{}").refused(t, 403, "not-allowed")
	p.ask("DELETE", "/permissions", "").refused(t, 403, "not-allowed")
	p.ask("GET", "/wallets", "").refused(t, 403, "not-allowed")
	p.ask("GET", "/permissions", "").ok(t)
	p.saw(t, append(signed("POST /permissions"), "GET /permissions")...)
	p.inOrder(t)
}

// Excluded calls go out without a challenge: those of Dfns' own list and those
// that are configured.
func TestDfnsExclude(t *testing.T) {
	p := dfnsSetup{Credential: "exclude POST /networks/read-contract", Dfns: partnertest.DfnsOptions{AnyPath: true}}.start(t)
	want := []string{"POST /networks/read-contract", "POST /networks/Ethereum/call-function", "POST /swaps/quotes", "POST /payouts/quote", "POST /wallets/wa-1/canton/ledger-api"}
	for _, call := range want {
		p.ask("POST", strings.TrimPrefix(call, "POST "), "{}").ok(t)
	}
	p.saw(t, want...)
	p.ask("POST", "/swaps", "{}").ok(t)
	p.saw(t, slices.Concat(want, signed("POST /swaps"))...)
	p.inOrder(t)
}
