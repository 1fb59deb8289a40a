package partnertest

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// DfnsOptions say what a demo Dfns listens on and whom it knows. Every call is asked
// for what docs.dfns.co asks for; where that says nothing, the doc comments here say
// what is done instead.
type DfnsOptions struct {
	// Options are those of the partner below. Require may ask for more than Dfns does
	// (refused with 401; its Bearer is Token), Answer is asked before Dfns is, and Now
	// is the clock of challenges and nonces.
	Options

	// Token is the token of "Authorization: Bearer …", which every call must carry. It
	// must be set; [Partner.SetRequire] replaces it by another Bearer.
	Token string

	// Credentials are the keys that may sign user actions, by credential id ("cr-…"):
	// ed25519.PublicKey, *ecdsa.PublicKey on P-256, *secp256k1.PublicKey of
	// github.com/decred/dcrd/dcrec/secp256k1/v4, or *rsa.PublicKey of at least 2048
	// bits. Default none: then nothing can be written.
	Credentials map[string]crypto.PublicKey

	// App is the Application that every call must come from. Default none.
	App *DfnsApp

	// AcceptSDKs accepts, beside the documented forms, what Dfns' own SDKs for
	// TypeScript and Go send: the members of clientData in any order and with origin
	// and crossOrigin, and userActionHttpPath with the query. Default: refused.
	AcceptSDKs bool

	// AnyPath answers 200 and {} where there is no such path, once everything else is
	// in order, and records writes there. Default: 404.
	AnyPath bool

	// Fail is asked about every call, the n-th of its stage from 1, and says how it
	// fails; the zero DfnsFailure is none. It may be called from several goroutines at
	// once. (Break ends connections before Dfns is reached: at [Executed] nothing is
	// carried out yet.) Default: nothing fails.
	Fail func(stage DfnsStage, n int, seen *Request) DfnsFailure
}

// A DfnsApp is an Application, which organisations from before their deprecation still have
// ("Request Headers", docs.dfns.co/d/advanced-topics/authentication/request-headers). Dfns
// does not say how it refuses a wrong one; here that is 401.
type DfnsApp struct {
	// ID is X-DFNS-APPID. It must be set.
	ID string

	// Secret is X-DFNS-APPSECRET. Default: the header is not asked for.
	Secret string

	// PublicKey verifies X-DFNS-APISIGNATURE, for which X-DFNS-NONCE must be there too;
	// at least 2048 bits. Default: no signature is asked for.
	PublicKey *rsa.PublicKey

	// RequireNonce asks for X-DFNS-NONCE without a signature. A nonce that is there is
	// verified whether asked for or not.
	RequireNonce bool
}

// Dfns is a partner with the API of Dfns (docs.dfns.co), as far as it concerns how calls
// are authorised: tokens, Applications, nonces, API signatures, user actions. Behind
// that is a small world of wallets, transfers, keys, signatures, policies and
// permissions, enough for Dfns' own SDK. It shares no code with the signer. Its methods
// may be called from several goroutines.
type Dfns struct {
	*Partner
	opts DfnsOptions

	mu         sync.Mutex
	calls      map[DfnsStage]int
	nonces     map[string]bool // by UUID
	challenges map[string]*dfnsChallenge
	actions    map[string]*dfnsUserAction
	world      *dfnsWorld
	writes     []DfnsWrite
	refusals   []DfnsRefusal
}

// StartDfns starts a demo Dfns, which runs until [Partner.Close]. It fails when [Start]
// does, and when opts lack the token, have an Application without an id, or a key that
// Dfns does not take.
func StartDfns(opts DfnsOptions) (*Dfns, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	d := &Dfns{opts: opts}
	d.forget()
	inner := opts.Options
	inner.Answer = d.answer
	var err error
	if d.Partner, err = Start(inner); err != nil {
		return nil, err
	}
	return d, nil
}

// NewDfns starts a demo Dfns for a test and closes it when the test ends. It ends the
// test when [StartDfns] fails.
func NewDfns(t testing.TB, opts DfnsOptions) *Dfns {
	t.Helper()
	d, err := StartDfns(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// Reset forgets what is recorded and what [Partner.Reset] does, and also challenges,
// user actions and everything that was created.
func (d *Dfns) Reset() {
	d.Partner.Reset()
	d.forget()
}

func (d *Dfns) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls, d.nonces = map[DfnsStage]int{}, map[string]bool{}
	d.challenges, d.actions = map[string]*dfnsChallenge{}, map[string]*dfnsUserAction{}
	d.world = newDfnsWorld(d.opts)
	d.writes, d.refusals = nil, nil
}

// complete fills in defaults and checks what a Go type does not.
func (o *DfnsOptions) complete() error {
	switch {
	case o.Token == "":
		return errors.New("partnertest: Dfns needs a Token")
	case o.Require.Bearer != "" && o.Require.Bearer != o.Token:
		return errors.New("partnertest: Require.Bearer differs from the Token of Dfns")
	}
	o.Require.Bearer = o.Token
	if o.Now == nil {
		o.Now = time.Now
	}
	for id, key := range o.Credentials {
		if err := checkDfnsKey(key); err != nil {
			return fmt.Errorf("partnertest: credential %q: %w", id, err)
		}
	}
	if o.App == nil {
		return nil
	}
	if o.App.ID == "" {
		return errors.New("partnertest: DfnsApp needs an ID")
	}
	if o.App.PublicKey != nil {
		if err := checkDfnsKey(o.App.PublicKey); err != nil {
			return fmt.Errorf("partnertest: DfnsApp.PublicKey: %w", err)
		}
	}
	return nil
}
