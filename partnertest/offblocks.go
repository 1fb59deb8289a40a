package partnertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// OffBlocksOptions say what a demo OffBlocks listens on and whom it knows. Every call is
// asked for what docs.offblocks.xyz asks for; where that says nothing, the doc comments
// here say what is done instead.
type OffBlocksOptions struct {
	// Options are those of the partner below. Require may ask for more than OffBlocks
	// does, of the token call too (refused with 401), Answer is asked before OffBlocks
	// is, and Now is the clock of tokens, signatures and idempotency keys.
	Options

	// APIKey and APISecret are what a token is bought with at POST /v1/auth/token. They
	// must be set.
	APIKey, APISecret string

	// Key verifies signatures; it must be on P-384. KeyID is its name, by default a
	// UUID. Default: no key, until one is registered by [OffBlocks.RegisterKey] or at
	// PUT /v1/auth/signing.
	Key   *ecdsa.PublicKey
	KeyID string

	// TokenLife is how long a token is valid, in whole seconds. Default one hour.
	TokenLife time.Duration

	// MaxAge is how long ago a signature may be created. OffBlocks does not say.
	// Default one minute.
	MaxAge time.Duration

	// Fail is asked about every call, the n-th of its stage from 1, and says how it
	// fails. It may be called from several goroutines at once, and may call the methods
	// of OffBlocks: one that calls InvalidateTokens and returns the zero Failure is a
	// token that dies midway. A write that fails After with a Delay keeps its
	// idempotency key in flight so long. (Break ends connections before OffBlocks is
	// reached: at [Executed] nothing is carried out yet, but signatures are spent.)
	// Default: nothing fails.
	Fail func(stage OffBlocksStage, n int, seen *Request) Failure
}

// An OffBlocksStage is what a call is for.
type OffBlocksStage string

const (
	OffBlocksTokenCall OffBlocksStage = "token" // POST /v1/auth/token
	OffBlocksAuthCall  OffBlocksStage = "auth"  // the rest of /v1/auth: credentials, signing key
	OffBlocksWriteCall OffBlocksStage = "write" // any other POST, PUT, PATCH and DELETE
	OffBlocksReadCall  OffBlocksStage = "read"  // the rest
)

// OffBlocks is a partner with the customers API of OffBlocks (docs.offblocks.xyz), as far
// as it concerns how calls are authorised: tokens that are bought, RFC 9421 signatures
// with ecdsa-p384-sha384, digests and idempotency keys. Behind that are customers. It
// shares no code with the signer. Its methods may be called from several goroutines.
type OffBlocks struct {
	*Partner
	opts     OffBlocksOptions
	desk     desk[OffBlocksStage]
	verifier *verifier // of signatures; the Partner's knows no keys

	mu           sync.Mutex
	apiKey       string
	apiSecret    string
	key          *ecdsa.PublicKey // nil when none is registered
	keyID        string
	tokens       map[string]time.Time // when each expires
	minted       int
	replays      int
	keys         map[string]*offBlocksUsage    // by Idempotency-Key
	customers    map[string]*offBlocksCustomer // by id
	madeCustomer int
	writes       []OffBlocksWrite
}

// StartOffBlocks starts a demo OffBlocks, which runs until [Partner.Close]. It fails when
// [Start] does, and when opts lack the API key or secret or have a key that is not on
// P-384.
func StartOffBlocks(opts OffBlocksOptions) (*OffBlocks, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	verifier, err := newVerifier(Require{}, opts.Now)
	if err != nil {
		return nil, err
	}
	o := &OffBlocks{opts: opts, verifier: verifier}
	o.desk.fail, o.desk.explain = opts.Fail, offBlocksError
	o.apiKey, o.apiSecret, o.key, o.keyID = opts.APIKey, opts.APISecret, opts.Key, opts.KeyID
	o.desk.forget()
	o.forget()
	inner := opts.Options
	inner.Answer, inner.Break = o.answer, watchBreak(opts.Break, func(m Moment) { o.spend(m.Request) })
	if o.Partner, err = Start(inner); err != nil {
		return nil, err
	}
	return o, nil
}

// NewOffBlocks starts a demo OffBlocks for a test and closes it when the test ends. It
// ends the test when [StartOffBlocks] fails.
func NewOffBlocks(t testing.TB, opts OffBlocksOptions) *OffBlocks {
	t.Helper()
	o, err := StartOffBlocks(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// Reset forgets what is recorded and what [Partner.Reset] does, and also tokens,
// idempotency keys and customers. Credentials and the signing key stay.
func (o *OffBlocks) Reset() {
	o.Partner.Reset()
	o.verifier.forget()
	o.desk.forget()
	o.forget()
}

func (o *OffBlocks) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tokens, o.minted, o.replays = map[string]time.Time{}, 0, 0
	o.keys, o.customers, o.madeCustomer = map[string]*offBlocksUsage{}, map[string]*offBlocksCustomer{}, 0
	o.writes = nil
}

// complete fills in defaults and checks what a Go type does not.
func (opts *OffBlocksOptions) complete() error {
	switch {
	case opts.APIKey == "" || opts.APISecret == "":
		return errors.New("partnertest: OffBlocks needs an APIKey and an APISecret")
	case opts.Key != nil && opts.Key.Curve != elliptic.P384():
		return errors.New("partnertest: the Key of OffBlocks is not on P-384")
	case opts.KeyID != "" && opts.Key == nil:
		return errors.New("partnertest: OffBlocks has a KeyID and no Key")
	case opts.Key != nil && opts.KeyID == "":
		opts.KeyID = uuid.NewString()
	}
	if opts.TokenLife == 0 {
		opts.TokenLife = time.Hour
	}
	if opts.MaxAge == 0 {
		opts.MaxAge = time.Minute
	}
	return nil
}
