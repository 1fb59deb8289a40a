package partnertest

import (
	"errors"
	"sync"
	"testing"
)

// ProofOptions say what a demo Proof listens on and whom it knows. Its API is told at
// onboarding; where that says nothing, the doc comments here say what is done instead.
type ProofOptions struct {
	// Options are those of the partner below. Require may ask for more than Proof does
	// (refused with 401), and Answer is asked before Proof is.
	Options

	// Tokens are the client tokens, any of which every call must carry: two of them in
	// the grace period of a rotation. At least one must be set; [Proof.SetTokens]
	// replaces them.
	Tokens []string

	// Origins are the registered origins, one of which must be the Origin of a session
	// call: https://app.example.com. Default none: then every session is refused.
	Origins []string

	// Fail is asked about every call, the n-th of its stage from 1, and says how it
	// fails: Failure{Status: 502, Code: "upstream_error"} for n up to 2 fails twice. It
	// may be called from several goroutines at once. (Break ends connections before
	// Proof is reached: at [Executed] nothing is carried out yet.) Default: nothing
	// fails.
	Fail func(stage ProofStage, n int, seen *Request) Failure
}

// A ProofStage is what a call is for.
type ProofStage string

const (
	ProofSessionCall     ProofStage = "session"     // POST /widget/session
	ProofTransactionCall ProofStage = "transaction" // GET /widget/transactions/{merchant_transaction_id}
	ProofSocketCall      ProofStage = "socket"      // GET /ws?tx_id=…
	ProofOtherCall       ProofStage = "other"       // the rest, of which there is none
)

// Proof is a partner with the widget sessions of Proof: client tokens, registered origins,
// the end user's address, and a socket. It shares no code with the signer. Its methods may
// be called from several goroutines.
type Proof struct {
	*Partner
	opts ProofOptions
	desk desk[ProofStage]

	mu       sync.Mutex
	tokens   []string
	sessions []ProofSession
	unspent  map[string]bool // init tokens
	sockets  int
}

// StartProof starts a demo Proof, which runs until [Partner.Close]. It fails when [Start]
// does, and when opts lack a token.
func StartProof(opts ProofOptions) (*Proof, error) {
	p := &Proof{opts: opts}
	if err := p.SetTokens(opts.Tokens...); err != nil {
		return nil, err
	}
	p.desk.fail, p.desk.explain = opts.Fail, proofError
	p.desk.forget()
	p.forget()
	inner := opts.Options
	inner.Answer = p.answer
	var err error
	if p.Partner, err = Start(inner); err != nil {
		return nil, err
	}
	return p, nil
}

// NewProof starts a demo Proof for a test and closes it when the test ends. It ends the
// test when [StartProof] fails.
func NewProof(t testing.TB, opts ProofOptions) *Proof {
	t.Helper()
	p, err := StartProof(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// SetTokens replaces the client tokens. It fails, and changes nothing, when there is none
// or an empty one.
func (p *Proof) SetTokens(tokens ...string) error {
	if len(tokens) == 0 {
		return errors.New("partnertest: Proof needs a token")
	}
	for _, token := range tokens {
		if token == "" {
			return errors.New("partnertest: a token of Proof is empty")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens = tokens
	return nil
}

// Reset forgets what is recorded and what [Partner.Reset] does, and also every session.
func (p *Proof) Reset() {
	p.Partner.Reset()
	p.desk.forget()
	p.forget()
}

func (p *Proof) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions, p.unspent, p.sockets = nil, map[string]bool{}, 0
}
