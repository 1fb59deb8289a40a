package dfns

import "github.com/partnersign/partnersign/signer"

// Calls are calls of Dfns' API, as signer.ParseMatch takes them.
type Calls struct {
	Methods string   // "*" or methods in upper case, separated by commas
	Paths   []string // globs
}

// Match is c for package signer.
func (c Calls) Match() (signer.Match, error) { return signer.ParseMatch(c.Methods, c.Paths...) }

// ActionCalls are the two calls of a challenge.
func ActionCalls() []Calls {
	return []Calls{{"POST", []string{initCall.path, actionCall.path}}}
}

// UnsignedCalls are the writes that need no user action. All others do.
func UnsignedCalls() []Calls {
	return append(ActionCalls(),
		Calls{"POST", []string{
			"/auth/credentials/init", "/auth/credentials/code/init", "/auth/credentials/code/verify",
			"/auth/login", "/auth/login/init", "/auth/login/code", "/auth/login/social",
			"/auth/login/sso", "/auth/login/sso/init",
			"/auth/tokens",
			"/auth/recover/user", "/auth/recover/user/init", "/auth/recover/user/code",
			"/auth/registration", "/auth/registration/init", "/auth/registration/social", "/auth/registration/enduser",
			"/networks/*/call-function", "/payouts/quote", "/swaps/quotes", "/wallets/*/canton/ledger-api",
		}},
		Calls{"PUT", []string{"/auth/registration/code", "/auth/logout"}},
	)
}

// GuardedCalls make, change or reveal credentials, users, permissions, policies
// or exported keys. ActionCalls are among them, and are to be let through.
func GuardedCalls() []Calls {
	return []Calls{
		{"POST,PUT,PATCH,DELETE", []string{"/auth/**", "/permissions/**", "/v2/policies/**", "/v2/policy-approvals/**"}},
		{"POST", []string{"/keys/*/export", "/keys/*/delegate", "/wallets/*/export", "/wallets/*/delegate"}},
	}
}

// A RetryRule is what may be sent again without doing it twice.
type RetryRule struct {
	Calls
	// BodyField is a JSON pointer (RFC 6901) to what the body must hold, for
	// Dfns to know the request again. Empty: nothing.
	BodyField string
}

// RetryRules are the calls that may be repeated. Dfns has no idempotency key: it
// answers a transfer, transaction or signature with an externalId that it has
// seen with what became of the first. No other write may be repeated.
func RetryRules() []RetryRule {
	return []RetryRule{
		{Calls{"GET", []string{"/**"}}, ""},
		{Calls{"POST", []string{"**/transfers", "**/transactions", "**/signatures"}}, "/externalId"},
	}
}
