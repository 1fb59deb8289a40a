package partnertest

import "slices"

// An OffBlocksWrite is a write that was carried out. One that was answered with what its
// idempotency key was answered before is none.
type OffBlocksWrite struct {
	Request *Request
	Status  int
	ID      string // of the customer made or changed
	Verdict Verdict
}

// Writes returns every write carried out since the last Reset, in order; those to
// /v1/auth are not among them.
func (o *OffBlocks) Writes() []OffBlocksWrite {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.writes)
}

// Refusals returns every call refused since the last Reset, in order. What
// [OffBlocksOptions.Fail] lets fail before it is judged is not among them.
func (o *OffBlocks) Refusals() []Refusal { return o.desk.refused() }

// Customers is how many customers were made since the last Reset, deleted ones included.
func (o *OffBlocks) Customers() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.madeCustomer
}

// Tokens is how many tokens were issued since the last Reset.
func (o *OffBlocks) Tokens() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.minted
}

// Replays is how many calls since the last Reset came with a signature or a nonce that
// an earlier one had. They are refused, unless Fail lets them fail before.
func (o *OffBlocks) Replays() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.replays
}

// KeyID is the id of the key that is registered, or "".
func (o *OffBlocks) KeyID() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.keyID
}
