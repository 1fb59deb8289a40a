package partnertest

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// A dynamicFlow is a flow, or a transaction of the older form. It never tells its token.
type dynamicFlow struct {
	ID        string    `json:"id"`
	What      string    `json:"type,omitempty"`       // of a flow
	Checkout  string    `json:"checkoutId,omitempty"` // of a transaction
	State     string    `json:"executionState"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"-"` // of the token

	token string // empty when none is alive
}

// The states of a flow.
const (
	dynamicInitiated   = "initiated"
	dynamicAttached    = "source_attached"
	dynamicQuoted      = "quoted"
	dynamicSigning     = "signing"
	dynamicBroadcasted = "broadcasted"
	dynamicCancelled   = "cancelled"
)

// dynamicSteps say from which states a step goes to which. Both last ones are terminal:
// how a broadcast ends is not told here.
var dynamicSteps = map[string]struct {
	from []string
	to   string
}{
	"source":    {[]string{dynamicInitiated, dynamicAttached, dynamicQuoted}, dynamicAttached},
	"quote":     {[]string{dynamicAttached, dynamicQuoted}, dynamicQuoted},
	"prepare":   {[]string{dynamicQuoted}, dynamicSigning},
	"broadcast": {[]string{dynamicSigning}, dynamicBroadcasted},
	"cancel":    {[]string{dynamicInitiated, dynamicAttached, dynamicQuoted, dynamicSigning}, dynamicCancelled},
}

// carryOut does what a call asks for.
func (d *Dynamic) carryOut(call dynamicCall) (reply, *denial) {
	if call.action == "make" {
		return d.makeFlow(call)
	}
	flow := d.flows[call.key()]
	step, known := dynamicSteps[call.action]
	switch {
	case call.action == "mint":
		step = dynamicSteps["source"]
	case call.action != "get" && (!known || call.kind == ""):
		return reply{}, deny(404, "not_found", "There is no %s %s.", call.seen.Method, call.seen.Target)
	}
	if flow == nil {
		return reply{}, deny(404, "not_found", "There is no %s %q in the environment %q.", call.kind, call.id, call.env)
	}
	if call.action == "get" {
		d.reread(call.key())
		return replyWith(200, flow), nil
	}
	if why := d.checkSession(call, flow); why != nil {
		return reply{}, why
	}
	if !slices.Contains(step.from, flow.State) {
		return reply{}, deny(409, "invalid_state", "The state is %s, from which there is no %s.", flow.State, call.action)
	}
	flow.State = step.to
	if flow.State == dynamicBroadcasted || flow.State == dynamicCancelled {
		flow.token = ""
	}
	if call.action == "mint" {
		return d.mint(200, flow, "dft_", map[string]any{"flow": flow}), nil
	}
	return replyWith(200, flow), nil
}

// makeFlow answers POST /server/{env}/flow/{payment|deposit|withdraw}, and the older
// POST /sdk/{env}/checkouts/{id}/transactions, which mints a token at once. Every checkout
// exists.
func (d *Dynamic) makeFlow(call dynamicCall) (reply, *denial) {
	flow := &dynamicFlow{ID: uuid.NewString(), State: dynamicInitiated, CreatedAt: d.now().UTC()}
	call.id = flow.ID
	if call.kind == dynamicTransactionKind {
		flow.Checkout = call.what
		d.flows[call.key()] = flow
		return d.mint(201, flow, "dct_", map[string]any{"transaction": flow}), nil
	}
	if !slices.Contains([]string{"payment", "deposit", "withdraw"}, call.what) {
		return reply{}, deny(404, "not_found", "%q is none of payment, deposit and withdraw.", call.what)
	}
	flow.What = call.what
	d.flows[call.key()] = flow
	return replyWith(201, flow), nil
}
