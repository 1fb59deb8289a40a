package config

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
	"github.com/partnersign/partnersign/signer/httpsig"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// Runtime is what a partner needs from the program that it runs in. The zero
// value works.
type Runtime struct {
	// Loader opens secrets and keys.
	Loader keys.Loader
	// Memory bounds all bodies; see signer.Options.
	Memory *signer.Memory
	// DialHost sends to the host of the request's URL; see signer.Options.
	DialHost bool
	// H2C says that the transport speaks HTTP/2 without TLS; see signer.Options.
	H2C bool
	// Observe is told what became of each attempt.
	Observe func(*signer.Record)
	// TokenClient makes the calls for tokens. Its requests carry no value of a
	// client's. Default: see token.OAuth2Options.
	TokenClient *http.Client
	// TokenWatch is told what becomes of bearer tokens.
	TokenWatch TokenWatch
	// TokenOf, when set, stands in for the tokens of OAuth 2.0 servers and token
	// endpoints, by their URL: nobody is asked for one.
	TokenOf func(url string) string
	// Tokens keeps captured tokens. Default: a store of this partner alone, in
	// memory.
	Tokens capture.Store
	// Captured is told what happens to captured tokens.
	Captured func(capture.Event)
	// Trace is shown each request while it is made; see signer.Options.
	Trace func(r *signer.Request, done signer.Step)
	// Audit has signatures told to Observe; see signer.Options.
	Audit bool
	// Inventory is told what requests are made with. Default: nobody is.
	Inventory *Inventory
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Rand is the source of nonces and keys. Default: crypto/rand.
	Rand io.Reader
}

// Build makes the partner. It opens every secret and every key, and does
// nothing on the network. All that is wrong is reported at once.
func Build(c Config, rt Runtime) (*signer.Partner, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if rt.Loader.Now == nil {
		rt.Loader.Now = rt.Now
	}
	b := builder{loader: &rt.Loader, Runtime: &rt}
	steps := b.steps(&c)
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	upstream, err := signer.ParseUpstream(c.Upstream)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	return signer.New(signer.Options{
		Name:              c.Name,
		Upstream:          upstream,
		Rules:             c.rules(),
		MaxBody:           c.MaxBody,
		Memory:            rt.Memory,
		Timeout:           time.Duration(c.Timeout),
		KeepClientHeaders: c.ClientHeaders,
		Steps:             steps,
		Retries:           c.retries(),
		DialHost:          rt.DialHost,
		H2C:               rt.H2C,
		Observe:           rt.Observe,
		Audit:             rt.Audit,
		Trace:             rt.Trace,
		Now:               rt.Now,
		Rand:              rt.Rand,
	})
}

// A builder makes steps of a configuration that was checked, and collects what
// is missing on this machine.
type builder struct {
	*Runtime
	loader *keys.Loader
	errs   []error
}

func (b *builder) failed(what string, err error) bool {
	if err != nil {
		b.errs = append(b.errs, fmt.Errorf("%s: %w", what, err))
	}
	return err != nil
}

func (b *builder) secret(what, ref string) *keys.Secret {
	s, err := b.loader.Secret(ref)
	b.failed(what, err)
	return s
}

// key opens a key. use is what it is for, id what the partner knows it by.
func (b *builder) key(use, ref, id string, o keys.KeyOptions) (*keys.Key, error) {
	k, err := b.loader.Key(ref, o)
	if err == nil {
		b.Inventory.addKey(use, ref, id, k)
	}
	return k, err
}

func (b *builder) text(what, text string) *keys.Text {
	t, err := b.loader.Text(text)
	b.failed(what, err)
	return t
}

func (b *builder) steps(c *Config) []signer.Step {
	var steps []signer.Step
	add := func(what string, step signer.Step, err error) {
		if !b.failed(what, err) {
			b.Inventory.addStep(what)
			steps = append(steps, step)
		}
	}
	if len(c.Captures) > 0 && b.Tokens == nil {
		b.Tokens = capture.NewMemory(capture.MemoryOptions{Observe: b.Captured})
	}
	for i := range c.Captures {
		o := c.Captures[i].options()
		o.Store, o.Observe = b.Tokens, b.Captured
		step, err := capture.New(o)
		add("capture", step, err)
	}
	for i := range c.JSONFields {
		step, err := b.jsonField(&c.JSONFields[i])
		add("json_field", step, err)
	}
	if c.IdempotencyKey != nil {
		step, err := signer.NewIdempotency(c.IdempotencyKey.options())
		add("idempotency_key", step, err)
	}
	if len(c.Bearer) > 0 {
		bearers := new(token.Bearers)
		for i := range c.Bearer {
			t, err := b.bearer(&c.Bearer[i])
			b.failed("bearer", err)
			bearers.Tokens = append(bearers.Tokens, t)
		}
		add("bearer", bearers, nil)
	}
	if c.BasicAuth != nil {
		add("basic_auth", &token.Basic{
			User:     b.text("basic_auth", c.BasicAuth.User),
			Password: b.secret("basic_auth", c.BasicAuth.Password),
		}, nil)
	}
	for _, h := range c.Headers {
		var value signer.Value
		if h.Op != "remove" {
			value = b.text("header "+h.Name, h.Value)
		}
		step, err := signer.NewHeader(headerOps[h.Op], h.Name, value)
		add("header", step, err)
	}
	if c.Dfns != nil {
		b.dfns(c.Dfns, add)
	}
	if c.ContentDigest != nil {
		step, err := httpsig.NewDigest(c.ContentDigest.options())
		add("content_digest", step, err)
	}
	for i := range c.Signatures {
		step, err := b.signature(&c.Signatures[i])
		add("signature "+c.Signatures[i].label(), step, err)
	}
	return steps
}

// keyThumbprint is the key id that stands for the thumbprint of the key.
const keyThumbprint = "{key.thumbprint}"

func (b *builder) signature(s *Signature) (*httpsig.Signature, error) {
	o, err := s.options()
	if err != nil {
		return nil, err
	}
	keyOptions := keys.KeyOptions{Algorithm: keys.Algorithm(s.Algorithm), Format: keyFormats[s.KeyFormat]}
	if s.KeyID != "" && s.KeyID != keyThumbprint {
		id, err := b.loader.Text(s.KeyID)
		if err != nil {
			return nil, fmt.Errorf("key_id: %w", err)
		}
		o.KeyID = id
		if keyOptions.KeyID, err = id.Value(b.now()); err != nil {
			return nil, fmt.Errorf("key_id: %w", err)
		}
	}
	if o.Key, err = b.key("signature "+s.label(), s.Key, s.KeyID, keyOptions); err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	o.Thumbprint = s.KeyID == keyThumbprint
	return httpsig.NewSignature(o)
}

func (b *builder) now() time.Time {
	if b.loader.Now != nil {
		return b.loader.Now()
	}
	return time.Now()
}
