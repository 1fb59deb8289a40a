package dfns

import "testing"

// What the configurations start from is well formed.
func TestCalls(t *testing.T) {
	matches := func(calls []Calls, method, path string) (found bool) {
		for _, c := range calls {
			found = found || must(c.Match()).Matches(method, path)
		}
		return found
	}
	for call, want := range map[[2]string]bool{
		{"POST", "/auth/pats"}:               true,
		{"DELETE", "/auth/users/us-1"}:       true,
		{"GET", "/auth/users"}:               false,
		{"PUT", "/permissions/pm-1"}:         true,
		{"POST", "/v2/policies"}:             true,
		{"PUT", "/v2/policy-approvals/ap-1"}: true,
		{"POST", "/keys/key-1/export"}:       true,
		{"POST", "/keys/key-1/delegate"}:     true,
		{"POST", "/wallets/wa-1/export"}:     true,
		{"POST", "/wallets/wa-1/delegate"}:   true,
		{"POST", "/wallets/wa-1/transfers"}:  false,
		{"POST", "/wallets"}:                 false,
	} {
		if matches(GuardedCalls(), call[0], call[1]) != want {
			t.Errorf("%s: guarded is %v", call, !want)
		}
	}
	if !matches(ActionCalls(), "POST", "/auth/action") || !matches(ActionCalls(), "POST", "/auth/action/init") || matches(ActionCalls(), "POST", "/auth/actions") {
		t.Error("the two calls of a challenge")
	}
	var retried []Calls
	for _, rule := range RetryRules() {
		retried = append(retried, rule.Calls)
		if method, field := rule.Methods, rule.BodyField; (method == "GET") != (field == "") {
			t.Errorf("%s needs the field %q", method, field)
		}
	}
	for call, want := range map[[2]string]bool{
		{"GET", "/wallets"}:                       true,
		{"HEAD", "/wallets"}:                      true,
		{"POST", "/wallets/wa-1/transfers"}:       true,
		{"POST", "/wallets/wa-1/transactions"}:    true,
		{"POST", "/keys/key-1/signatures"}:        true,
		{"POST", "/wallets/wa-1/transfers/xfr-1"}: false,
		{"PUT", "/wallets/wa-1/transfers"}:        false,
		{"DELETE", "/wallets/wa-1"}:               false,
	} {
		if matches(retried, call[0], call[1]) != want {
			t.Errorf("%s: retried is %v", call, !want)
		}
	}
}
