package partnertest

import "fmt"

// A Verdict is what a partner found out about a request. It holds the request's
// credentials where a signature covers them: the answer of the partner masks them.
type Verdict struct {
	OK bool `json:"ok"`

	// Status is 200, 401, or 422 when the only problem is an idempotency key that came
	// with another body before.
	Status int `json:"status"`

	// Problems are sentences, each naming what differs from what was asked for.
	Problems []string `json:"problems"`

	// Signatures are those that were looked at, in the order of Signature-Input. There
	// are none when none is required.
	Signatures []Signature `json:"signatures"`

	IdempotencyKey string `json:"idempotency_key,omitempty"`

	// Replays is how often this idempotency key came before with the same body.
	Replays int `json:"replays"`
}

// A Signature is what a partner found out about one signature.
type Signature struct {
	Label      string   `json:"label"`
	KeyID      string   `json:"keyid"`
	Algorithm  string   `json:"algorithm"`  // the key's; empty when no key is known
	Components []string `json:"components"` // as in the signature's input: "@method"
	Parameters Fields   `json:"parameters"` // in their order, strings without quotation marks
	Base       string   `json:"base"`       // rebuilt from what was received; empty when impossible

	// Rebuilt is the result of the package's own verification: "accepted", or
	// "refused: " and why.
	Rebuilt string `json:"rebuilt"`

	// HTTPSign is what httpsign says: "accepted", "refused: " and why, or "not asked: "
	// and why; then Rebuilt decides alone.
	HTTPSign string `json:"httpsign"`
}

const accepted = "accepted"

// problem adds a problem, for which the request is answered with 401.
func (v *Verdict) problem(format string, args ...any) {
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
	v.Status = 401
}
