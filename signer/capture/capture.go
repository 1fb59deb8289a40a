package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// Capture is the step that takes a token from an answer and sends it on later
// calls.
type Capture struct {
	kind        string // tells tokens of one flow apart
	method      string // of the mint
	mint        pattern
	ids         []id
	late        bool // an id is in the answer
	token       pointer
	expiresAt   pointer // nil: the answer does not tell
	check       pointer // nil: nothing is checked
	checkName   string
	sends       []sendRule
	drops       []dropRule
	defaultLife time.Duration
	strip       bool
	perClient   bool
	store       Store
	observe     func(Event)
}

// New makes the step, or says what is wrong with its options.
func New(o Options) (*Capture, error) {
	c, err := compile(o)
	if err == nil && o.Store == nil {
		err = errors.New("captured tokens need a store")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Format keeps what a capture's store holds out of logs, whatever the verb.
func (c *Capture) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[capture]") }

// Phase implements signer.Step.
func (*Capture) Phase() signer.Phase { return signer.PhaseCredentials }

// Owns implements signer.Step. A client may send the token itself.
func (*Capture) Owns() []string { return nil }

// NeedsBody implements signer.Step.
func (*Capture) NeedsBody(*signer.Request) bool { return false }

// Apply implements signer.Step. What keeps a token from being kept or sent is
// signer.CredentialUnavailable, and nothing is sent.
func (c *Capture) Apply(ctx context.Context, r *signer.Request) error {
	if r.Method == c.method {
		if v, ok := c.mint.match(r.Path); ok {
			return c.applyMint(ctx, r, v)
		}
	}
	if rule, v := c.sendRule(r); rule != nil {
		k, err := c.call(r, v)
		if err != nil {
			return err
		}
		return k.send(ctx, r, rule)
	}
	return nil
}

// A call is one attempt of a call that carries a token or mints one.
type call struct {
	capture      *Capture
	scope        scope
	flow         flow
	method, path string
	lock         Locked // nil: not held
	sent         Token  // by us or by the client; empty: none
}

func (c *Capture) call(r *signer.Request, v values) (*call, error) {
	s, err := c.scope(r)
	f := c.flow(s, v)
	if err != nil {
		c.report(Unidentified, f, err)
		return nil, signer.CredentialUnavailable.Problem("captured tokens belong to the client they were captured for, and this one is not known; nothing was sent").Because(err)
	}
	return &call{capture: c, scope: s, flow: f, method: r.Method, path: r.Path}, nil
}

// retryAfter is what clients are told to wait for a store that failed.
const retryAfter = 5 * time.Second

func (c *Capture) report(kind Kind, f flow, err error) {
	c.observe(Event{Kind: kind, Flow: f.name, Err: err})
}

// failed reports what a store could not do, and is what the client is told.
// One that has left is told nothing.
func (c *Capture) failed(ctx context.Context, f flow, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	kind := kindOf(err)
	detail := "the store of captured tokens cannot be reached, and nothing was sent; the proxy's log says why"
	switch kind {
	case Damaged:
		detail = "the captured token cannot be opened, and nothing was sent; the proxy's log says why"
	case Busy:
		detail = "another call that mints this flow's token has not been answered yet, and nothing was sent"
	}
	c.report(kind, f, err)
	p := signer.CredentialUnavailable.Problem("%s", detail).Because(err)
	p.RetryAfter = retryAfter
	return p
}
