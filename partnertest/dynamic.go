package partnertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// DynamicOptions say what a demo Dynamic listens on and whom it knows. Every call is asked
// for what the API reference at dynamic.xyz/docs asks for; where copies of it disagree
// there is an option, and where it says nothing the doc comments here say what is done
// instead.
type DynamicOptions struct {
	// Options are those of the partner below. Require may ask for more than Dynamic does
	// (refused with 401), Answer is asked before Dynamic is, and Now is the clock of
	// session tokens.
	Options

	// Tokens are the API tokens, dyn_…, any of which calls to /server and /environments must
	// carry: two of them while one replaces the other. At least one must be set;
	// [Dynamic.SetTokens] replaces them.
	Tokens []string

	// SDKBearer is the token that calls which mint a session token must carry: the API
	// reference asks for one. Default: none is asked for, as in other copies of it, and
	// a client's own Authorization passes. An API token on /sdk is refused unless it is
	// this one.
	SDKBearer string

	// SessionLife is how long a session token is valid. Default one hour, the life of a
	// transaction.
	SessionLife time.Duration

	// Fail is asked about every call, the n-th of its stage from 1, and says how it
	// fails. It may be called from several goroutines at once. (Break ends connections
	// before Dynamic is reached: at [Executed] nothing is carried out yet, but a repeat
	// is counted.) Default: nothing fails.
	Fail func(stage DynamicStage, n int, seen *Request) Failure
}

// A DynamicStage is what a call is for.
type DynamicStage string

const (
	// DynamicServerCall is a call to /server or /environments. Of the latter there is
	// none: with an API token it is answered with 404.
	DynamicServerCall DynamicStage = "server"

	// DynamicMintCall is one that mints a session token: POST /sdk/{env}/flow/{id}/source
	// and the older POST /sdk/{env}/checkouts/{id}/transactions.
	DynamicMintCall DynamicStage = "mint"

	// DynamicStepCall is one that needs a session token: quote, prepare, broadcast,
	// cancel, and the source of the older form.
	DynamicStepCall DynamicStage = "step"

	// DynamicReadCall is the rest.
	DynamicReadCall DynamicStage = "read"
)

// Dynamic is a partner with the payment flows of Dynamic (dynamic.xyz/docs), as far as it
// concerns how calls are authorised: API tokens, and session tokens of which one is alive
// per flow and each is told once. Behind that are flows that go from one state to the
// next. It shares no code with the signer. Its methods may be called from several
// goroutines.
type Dynamic struct {
	*Partner
	opts DynamicOptions
	desk desk[DynamicStage]
	now  func() time.Time

	mu      sync.Mutex
	tokens  []string
	flows   map[string]*dynamicFlow // by environment, kind and id
	minted  int
	sources map[string]int // calls of /source at once, by flow
	overlap int
	failed  map[[32]byte]string // POSTs after a 5xx, and of which flow
	repeats int
}

// StartDynamic starts a demo Dynamic, which runs until [Partner.Close]. It fails when
// [Start] does, and when opts lack a token or have one that is not a dyn_ token.
func StartDynamic(opts DynamicOptions) (*Dynamic, error) {
	if opts.SessionLife == 0 {
		opts.SessionLife = time.Hour
	}
	d := &Dynamic{opts: opts, now: opts.Now}
	if d.now == nil {
		d.now = time.Now
	}
	if err := d.SetTokens(opts.Tokens...); err != nil {
		return nil, err
	}
	d.desk.fail, d.desk.explain = opts.Fail, dynamicError
	d.desk.forget()
	d.forget()
	inner := opts.Options
	inner.Answer, inner.Break = d.answer, watchBreak(opts.Break, d.broken)
	var err error
	if d.Partner, err = Start(inner); err != nil {
		return nil, err
	}
	return d, nil
}

// NewDynamic starts a demo Dynamic for a test and closes it when the test ends. It ends
// the test when [StartDynamic] fails.
func NewDynamic(t testing.TB, opts DynamicOptions) *Dynamic {
	t.Helper()
	d, err := StartDynamic(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// SetTokens replaces the API tokens. It fails, and changes nothing, when there is none or
// one that does not begin with dyn_.
func (d *Dynamic) SetTokens(tokens ...string) error {
	if len(tokens) == 0 {
		return errors.New("partnertest: Dynamic needs a token")
	}
	for i, token := range tokens {
		if !strings.HasPrefix(token, dynamicPrefix) {
			return fmt.Errorf("partnertest: token %d of Dynamic does not begin with %s", i+1, dynamicPrefix)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens = tokens
	return nil
}

// Reset forgets what is recorded and what [Partner.Reset] does, and also every flow.
func (d *Dynamic) Reset() {
	d.Partner.Reset()
	d.desk.forget()
	d.forget()
}

func (d *Dynamic) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flows, d.minted = map[string]*dynamicFlow{}, 0
	d.sources, d.overlap = map[string]int{}, 0
	d.failed, d.repeats = map[[32]byte]string{}, 0
}
