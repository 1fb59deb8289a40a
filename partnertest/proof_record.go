package partnertest

import (
	"errors"
	"slices"
)

// A ProofSession is a widget session that was made.
type ProofSession struct {
	Request       *Request
	ClientIP      string // client_ip of the body; empty when it is left out
	TransactionID string // merchant_transaction_id of the body, or one that was made
	InitToken     string // see [Proof.Redeem]
	Answer        []byte // exactly, as it must reach the browser
}

// Sessions returns every session made since the last Reset, in order.
func (p *Proof) Sessions() []ProofSession {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sessions)
}

// Tries returns the body of every POST /widget/session since the last Reset, in order,
// those included that failed, were refused, or ended with their connection: a retry has
// the bytes of the first try. Those that never became whole are not among them.
func (p *Proof) Tries() [][]byte {
	var tries [][]byte
	for _, seen := range p.Requests() {
		if seen.Err == "" && proofStage(seen) == ProofSessionCall {
			tries = append(tries, slices.Clone(seen.Body))
		}
	}
	return tries
}

// Sockets is how many sockets were opened since the last Reset.
func (p *Proof) Sockets() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sockets
}

// Refusals returns every call refused since the last Reset, in order. What
// [ProofOptions.Fail] lets fail before it is judged is not among them.
func (p *Proof) Refusals() []Refusal { return p.desk.refused() }

// Redeem spends an init_token, as the widget in the browser does. It fails when the token
// is not one that was given out, or was spent before.
func (p *Proof) Redeem(initToken string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	unspent, known := p.unspent[initToken]
	switch {
	case !known:
		return errors.New("partnertest: the init_token was not given out")
	case !unspent:
		return errors.New("partnertest: the init_token was spent before")
	}
	p.unspent[initToken] = false
	return nil
}
