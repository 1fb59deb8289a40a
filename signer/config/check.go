package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/httpsig"
	"github.com/partnersign/partnersign/signer/keys"
)

var headerOps = map[string]signer.HeaderOp{
	"":           signer.HeaderSet,
	"set":        signer.HeaderSet,
	"set_absent": signer.HeaderSetAbsent,
	"remove":     signer.HeaderRemove,
}

var keyFormats = map[string]keys.Format{
	"":       keys.FormatAuto,
	"base64": keys.FormatBase64,
	"hex":    keys.FormatHex,
	"text":   keys.FormatText,
}

// Check says everything that is wrong with c in itself: no secret is opened
// and none is repeated.
func (c *Config) Check() error {
	var errs []error
	check := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	if c.Upstream == "" {
		check("upstream", errors.New("it is required, such as https://api.partner.example"))
	} else {
		_, err := signer.ParseUpstream(c.Upstream)
		check("upstream", err)
	}
	check("name", checkName(c.Name))
	if c.MaxBody < 0 {
		check("max_body", errors.New("it must be positive"))
	}
	if c.Timeout < 0 {
		check("timeout", errors.New("it must be positive"))
	}
	for _, a := range c.Allow {
		check("allow", a.Match.check())
	}
	for _, g := range c.Guarded {
		check("guarded", g.check())
	}
	for i := range c.Bearer {
		check("bearer", c.Bearer[i].Check())
	}
	if c.BasicAuth != nil {
		check("basic_auth", c.BasicAuth.Check())
		if len(c.Bearer) > 0 {
			check("basic_auth", errors.New("there is a bearer, too, and both set Authorization"))
		}
	}
	for i := range c.Headers {
		check("header", c.Headers[i].Check())
	}
	if c.IdempotencyKey != nil {
		check("idempotency_key", c.IdempotencyKey.Check())
	}
	if c.ContentDigest != nil {
		check("content_digest", c.ContentDigest.Check())
	}
	check("signature", c.checkSignatures())
	return errors.Join(errs...)
}

func (c *Config) checkSignatures() error {
	labels := map[string]bool{}
	for i := range c.Signatures {
		s := &c.Signatures[i]
		if err := s.Check(); err != nil {
			return fmt.Errorf("%s: %w", s.label(), err)
		}
		if labels[s.label()] {
			return fmt.Errorf("two signatures have the label %s: give one of them another", s.label())
		}
		labels[s.label()] = true
	}
	return nil
}

func checkName(name string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '{' }) {
		return errors.New("it is a word of printable ASCII")
	}
	return nil
}

func (m Match) check() error {
	_, err := m.parse()
	return err
}

func (m Match) parse() (signer.Match, error) {
	methods := "*"
	if len(m.Methods) > 0 {
		methods = strings.Join(m.Methods, ",")
	}
	return signer.ParseMatch(methods, m.Paths...)
}

// match is m, checked before, as the steps have it.
func (m *Match) match() signer.Match {
	if m == nil {
		return signer.Match{}
	}
	parsed, _ := m.parse()
	return parsed
}

func (c *Config) rules() signer.Rules {
	var r signer.Rules
	for _, a := range c.Allow {
		r.Allow = append(r.Allow, signer.Rule{Match: a.match(), Guarded: a.Guarded, EncodedSlash: a.EncodedSlash})
	}
	for _, g := range c.Guarded {
		r.Guarded = append(r.Guarded, g.match())
	}
	return r
}

// Check says what is wrong with b in itself.
func (b *Bearer) Check() error {
	if err := keys.CheckSecret(b.Token); err != nil {
		return err
	}
	return b.On.checkOptional()
}

func (m *Match) checkOptional() error {
	if m == nil {
		return nil
	}
	return m.check()
}

// Check says what is wrong with b in itself.
func (b *BasicAuth) Check() error {
	if b.User == "" {
		return errors.New("the user is missing")
	}
	if err := keys.CheckText(b.User); err != nil {
		return fmt.Errorf("user: %w", err)
	}
	if err := keys.CheckSecret(b.Password); err != nil {
		return fmt.Errorf("password: %w", err)
	}
	return nil
}

// Check says what is wrong with h in itself.
func (h *Header) Check() error {
	op, ok := headerOps[h.Op]
	if !ok {
		return errors.New("op is one of set, set_absent and remove")
	}
	if _, err := signer.NewHeader(op, h.Name, nil); err != nil {
		return err
	}
	if err := keys.CheckText(h.Value); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	if !httpguts.ValidHeaderFieldValue(h.Value) {
		return fmt.Errorf("%s: the value holds characters that a header cannot", h.Name)
	}
	return nil
}

// Check says what is wrong with k in itself.
func (k *IdempotencyKey) Check() error {
	if !slices.Contains([]string{"", "raw", "quoted"}, k.Format) {
		return errors.New("format is raw or quoted")
	}
	if err := (Match{Methods: k.Methods}).check(); err != nil {
		return err
	}
	_, err := signer.NewIdempotency(k.options())
	return err
}

func (k *IdempotencyKey) options() signer.IdempotencyOptions {
	return signer.IdempotencyOptions{
		Header:         k.Header,
		Methods:        k.Methods,
		Quoted:         k.Format == "quoted",
		Require:        k.Require,
		FromHeader:     k.FromHeader,
		FromBody:       k.FromBody,
		ResponseHeader: k.ResponseHeader,
	}
}

// Check says what is wrong with d in itself.
func (d *ContentDigest) Check() error {
	_, err := httpsig.NewDigest(d.options())
	return err
}

func (d *ContentDigest) options() httpsig.DigestOptions {
	return httpsig.DigestOptions{Algorithms: d.Algorithms, EmptyBody: d.EmptyBody, KeyName: d.KeyName}
}

func (s *Signature) label() string {
	if s.Label == "" {
		return "sig1"
	}
	return s.Label
}

// Check says what is wrong with s in itself.
func (s *Signature) Check() error {
	if s.Key == "" {
		return errors.New("key is missing: the path of the signing key")
	}
	if err := keys.CheckKey(s.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if s.Algorithm != "" {
		if _, err := keys.ParseAlgorithm(s.Algorithm); err != nil {
			return err
		}
	}
	if s.KeyID != keyThumbprint {
		if err := keys.CheckText(s.KeyID); err != nil {
			return fmt.Errorf("key_id: %w (or %s)", err, keyThumbprint)
		}
	}
	if _, ok := keyFormats[s.KeyFormat]; !ok {
		return errors.New("a key that is not PEM or a JWK is written in base64, hex or text")
	}
	o, err := s.options()
	if err != nil {
		return err
	}
	return o.Check()
}

// options are those that need neither the key nor its id.
func (s *Signature) options() (o httpsig.Options, err error) {
	switch s.ECDSAEncoding {
	case "", "raw":
	case "der":
		o.DER = true
	default:
		return o, errors.New("ecdsa_encoding is raw or der")
	}
	switch s.ByteEncoding {
	case "", "base64":
	case "base64url":
		o.URLEncoding = true
	default:
		return o, errors.New("byte_encoding is base64 or base64url")
	}
	switch s.Existing {
	case "", "replace":
	case "keep":
		o.Keep = true
	default:
		return o, errors.New("existing is replace or keep")
	}
	switch len(s.HeaderNames) {
	case 0:
	case 2:
		o.SignatureHeader, o.InputHeader = s.HeaderNames[0], s.HeaderNames[1]
	default:
		return o, errors.New("header_names takes two names: of the signature and of its input")
	}
	o.Label = s.Label
	for _, spelled := range s.Components {
		c, err := httpsig.ParseComponent(spelled)
		if err != nil {
			return o, err
		}
		o.Components = append(o.Components, c)
	}
	for _, spelled := range s.Parameters {
		p, err := httpsig.ParseParameter(spelled)
		if err != nil {
			return o, err
		}
		o.Parameters = append(o.Parameters, p)
	}
	if err := s.On.checkOptional(); err != nil {
		return o, err
	}
	o.On = s.On.match()
	return o, nil
}
