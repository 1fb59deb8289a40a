package partnertest

import "strings"

const (
	// dynamicBase is where the API begins.
	dynamicBase = "/api/v0"

	// dynamicPrefix is that of API tokens. Session tokens have none to rely on.
	dynamicPrefix = "dyn_"
)

// The kinds of what a session token is for, as they stand in paths.
const (
	dynamicFlowKind        = "flow"
	dynamicTransactionKind = "transactions" // the older form
)

// dynamicHeaders carry session tokens, by kind.
var dynamicHeaders = map[string]string{
	dynamicFlowKind:        "X-Dynamic-Flow-Session-Token",
	dynamicTransactionKind: "X-Dynamic-Checkout-Session-Token",
}

// A dynamicCall is what a request asks for. Its action is empty when there is no such
// call.
type dynamicCall struct {
	seen   *Request
	stage  DynamicStage
	action string // make, mint, get, or a step: source, quote …
	env    string
	kind   string
	id     string // of a flow or transaction that there is already
	what   string // of what is made: payment, deposit, withdraw, or the checkout's id
}

// key names what a call is about.
func (c dynamicCall) key() string { return strings.Join([]string{c.env, c.kind, c.id}, "/") }

// readDynamicCall finds out what a request asks for.
func readDynamicCall(seen *Request) dynamicCall {
	path, _ := seen.splitTarget()
	line := seen.Method + " " + strings.TrimPrefix(path, dynamicBase)
	call := dynamicCall{seen: seen, stage: DynamicReadCall}
	if strings.HasPrefix(path, dynamicBase+"/server/") || strings.HasPrefix(path, dynamicBase+"/environments/") {
		call.stage = DynamicServerCall
	}
	if !strings.HasPrefix(path, dynamicBase+"/") {
		return call
	}
	for _, route := range []struct {
		pattern, action, kind string
		stage                 DynamicStage
	}{
		{"POST /server/*/flow/*", "make", dynamicFlowKind, DynamicServerCall},
		{"GET /server/*/flow/*", "get", dynamicFlowKind, DynamicServerCall},
		{"GET /sdk/*/flow/*", "get", dynamicFlowKind, DynamicReadCall},
		{"POST /sdk/*/flow/*/source", "mint", dynamicFlowKind, DynamicMintCall},
		{"POST /sdk/*/flow/*/*", "", dynamicFlowKind, DynamicStepCall},
		{"POST /sdk/*/checkouts/*/transactions", "make", dynamicTransactionKind, DynamicMintCall},
		{"GET /sdk/*/transactions/*", "get", dynamicTransactionKind, DynamicReadCall},
		{"POST /sdk/*/transactions/*/*", "", dynamicTransactionKind, DynamicStepCall},
	} {
		ids, ok := matchPath(route.pattern, line)
		if !ok {
			continue
		}
		call.stage, call.action, call.kind, call.env = route.stage, route.action, route.kind, ids[0]
		if route.action == "make" {
			call.what = ids[1]
		} else {
			call.id = ids[1]
		}
		if len(ids) == 3 {
			call.action = ids[2]
		}
		return call
	}
	return call
}
