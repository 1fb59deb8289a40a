package signer

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Options describe a partner. Only Upstream is required.
type Options struct {
	// Name is the partner's name in answers, logs and metrics.
	// Default: the upstream's host.
	Name string
	// Upstream is whom requests are for; see ParseUpstream.
	Upstream Upstream
	// Rules say what may pass. The zero value: everything.
	Rules Rules
	// MaxBody bounds a body that a step needs whole, in bytes. A body that
	// none needs is streamed at any size. Default: 10 MiB.
	MaxBody int64
	// Memory bounds the bodies of all partners that share it.
	// Default: one of DefaultBodyMemory for this partner alone.
	Memory *Memory
	// Timeout is what one client request may take, with its body, its
	// retries and its challenges, until the answer begins. While a body is
	// streamed it counts from the last byte. Default: 60 s.
	Timeout time.Duration
	// KeepClientHeaders are names that are stripped by default and shall pass.
	KeepClientHeaders []string
	// Steps shape the request. Their phase orders them; within a phase they
	// run as written.
	Steps []Step
	// Retries say what is sent again after which answers. Default: nothing.
	Retries []Retry
	// DialHost sends to the host of the request's URL instead of the
	// upstream's: for callers that choose the address, as Caddy does. The
	// TLS configuration of their transport must authenticate the upstream.
	DialHost bool
	// H2C says that the base transport speaks HTTP/2 without TLS, which does
	// not show itself in time.
	H2C bool
	// Observe is told what became of each attempt. Default: nobody.
	Observe func(*Record)
	// Audit has Record.Signatures filled in, which takes a hash of what is
	// signed. Default: it is not.
	Audit bool
	// Trace is shown each request while it is made: once before the first step
	// runs, with done nil, and after each step, with that; so are the calls that
	// a step makes. It runs within the request. Default: nobody.
	Trace func(r *Request, done Step)
	// Now is the clock of what is signed. Default: time.Now.
	Now func() time.Time
	// Rand is the source of nonces and idempotency keys.
	// Default: crypto/rand.
	Rand io.Reader
}

// DefaultMaxBody is how long a body that a step needs may be: 10 MiB.
const DefaultMaxBody = 10 << 20

// DefaultTimeout is what one client request may take.
const DefaultTimeout = 60 * time.Second

// A Phase says when a step runs: what signs comes after what is signed.
type Phase uint8

// The phases, in order.
const (
	PhaseBody        Phase = iota // edits of the body
	PhaseIdempotency              // idempotency keys
	PhaseCredentials              // tokens, fixed headers
	PhaseChallenge                // what must be asked for with the credentials
	PhaseDigest                   // digests of the final body, and what is made at the last moment
	PhaseSignature                // signatures over all of it
)

// A Step makes one part of the request. It is made once, is used by many
// requests at the same time and keeps nothing of any of them.
type Step interface {
	// Phase says when it runs.
	Phase() Phase
	// Owns lists the headers it sets: a client's own are removed first, in
	// every spelling.
	Owns() []string
	// NeedsBody reports whether it needs the body of r whole. Only the
	// request line, the headers and ContentLength are known by then.
	NeedsBody(r *Request) bool
	// Apply shapes r. An error stops the request: a *Problem is what the
	// client is told, any other becomes SigningFailed.
	Apply(ctx context.Context, r *Request) error
}

// A Digester is a step that says which hashes of the body it will ask for, so
// that they are computed while the body arrives.
type Digester interface{ Digests() []crypto.Hash }

// A Partner makes requests acceptable to one partner. It does not change
// after it was made and is safe for concurrent use.
type Partner struct {
	name     string
	upstream Upstream
	rules    Rules
	maxBody  int64
	memory   *Memory
	timeout  time.Duration
	strip    *stripper
	steps    []Step
	retries  []Retry
	digests  []crypto.Hash
	dates    dates
	dialHost bool
	h2c      bool
	observe  func(*Record)
	audit    bool
	trace    func(*Request, Step)
	now      func() time.Time
	rand     io.Reader
}

// New makes a partner, or says what is wrong with its options.
func New(o Options) (*Partner, error) {
	if o.Upstream == (Upstream{}) {
		return nil, errors.New("signer: Options.Upstream is required")
	}
	p := &Partner{
		name:     cmp.Or(o.Name, o.Upstream.Hostname()),
		upstream: o.Upstream,
		rules:    Rules{Allow: o.Rules.Allow, Unguarded: o.Rules.Unguarded},
		maxBody:  cmp.Or(o.MaxBody, DefaultMaxBody),
		memory:   o.Memory,
		timeout:  cmp.Or(o.Timeout, DefaultTimeout),
		steps:    slices.Clone(o.Steps),
		dialHost: o.DialHost,
		h2c:      o.H2C,
		observe:  o.Observe,
		audit:    o.Audit,
		trace:    o.Trace,
		now:      o.Now,
		rand:     o.Rand,
	}
	if p.maxBody < 0 || p.timeout < 0 {
		return nil, errors.New("signer: MaxBody and Timeout must be positive")
	}
	if o.Rules.Guarded != nil {
		p.rules.Guarded = loose(o.Rules.Guarded)
	}
	if p.memory == nil {
		p.memory = NewMemory(0)
	}
	if p.observe == nil {
		p.observe = func(*Record) {}
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	slices.SortStableFunc(p.steps, func(a, b Step) int { return cmp.Compare(a.Phase(), b.Phase()) })
	var err error
	if p.retries, err = checkRetries(o.Retries); err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	if p.strip, err = newStripper(p.steps, o.KeepClientHeaders); err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	for _, s := range p.steps {
		if d, ok := s.(Digester); ok {
			p.digests = append(p.digests, d.Digests()...)
		}
	}
	if i := slices.IndexFunc(p.digests, func(h crypto.Hash) bool { return h != crypto.SHA256 && h != crypto.SHA512 }); i >= 0 {
		return nil, fmt.Errorf("signer: bodies are hashed with SHA-256 and SHA-512 only, not %v", p.digests[i])
	}
	slices.Sort(p.digests)
	p.digests = slices.Compact(p.digests)
	return p, nil
}

// Name is the partner's name in answers, logs and metrics.
func (p *Partner) Name() string { return p.name }

// Format keeps what a partner's steps hold out of logs, whatever the verb.
func (p *Partner) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[partner "+p.name+"]") }

// Upstream is whom requests are for.
func (p *Partner) Upstream() Upstream { return p.upstream }

// Transport makes requests acceptable and sends them by base; each call is an
// exchange of its own.
func (p *Partner) Transport(base http.RoundTripper) http.RoundTripper {
	return transport{p, base}
}

type transport struct {
	partner *Partner
	base    http.RoundTripper
}

func (t transport) Format(f fmt.State, verb rune) { t.partner.Format(f, verb) }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := t.partner.Begin()
	answering := false
	defer func() {
		if !answering { // or base has panicked
			x.Close()
		}
	}()
	res, err := x.RoundTrip(req, t.base)
	if err != nil || res.StatusCode == http.StatusSwitchingProtocols || res.Body == nil || res.Body == http.NoBody {
		return res, err
	}
	answering = true
	res.Body = &closingBody{res.Body, x.Close}
	return res, nil
}

// A closingBody ends an exchange together with its answer.
type closingBody struct {
	io.ReadCloser
	end func()
}

func (b *closingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
