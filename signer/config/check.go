package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
	check("client_headers", checkKept(c.ClientHeaders))
	if c.MaxBody < 0 {
		check("max_body", errors.New("it must be positive"))
	}
	if c.Timeout < 0 {
		check("timeout", errors.New("it must be positive"))
	}
	if s := time.Duration(c.ClockSkewWarning); s != 0 && s < time.Second {
		check("clock_skew_warning", errors.New("it must be a second or more, as partners tell the time in whole ones"))
	}
	for _, a := range c.Allow {
		check("allow", a.Match.check())
	}
	for _, g := range c.Guarded {
		check("guarded", g.check())
	}
	for _, u := range c.Unguarded {
		check("unguarded", u.check())
	}
	for i := range c.Captures {
		check("capture", c.Captures[i].check())
	}
	for i := range c.JSONFields {
		check("json_field", c.JSONFields[i].Check())
	}
	for i := range c.Retries {
		check("retry", c.Retries[i].Check())
	}
	if c.Dfns != nil {
		check("dfns", c.Dfns.Check())
	}
	for i := range c.Bearer {
		check("bearer", c.Bearer[i].Check())
	}
	if c.BasicAuth != nil {
		check("basic_auth", c.BasicAuth.Check())
		if len(c.Bearer) > 0 {
			check("basic_auth", errors.New("there is a bearer, too, and both set Authorization: remove one of them"))
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
		if err := checkLabel(s.Label); err != nil {
			return err
		}
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

// checkKept asks the engine, and does not repeat the name that it refuses.
func checkKept(headers []string) error {
	_, err := signer.New(signer.Options{Upstream: signer.Upstream{Scheme: "https"}, KeepClientHeaders: headers})
	if err != nil {
		return errors.New("keep takes names of headers that are stripped by default, such as Authorization, Cookie, Origin, Referer, Forwarded, Via, Sec-…, Proxy-… or X-Forwarded-…")
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
	for _, u := range c.Unguarded {
		r.Unguarded = append(r.Unguarded, u.match())
	}
	return r
}

func (c *Config) retries() []signer.Retry {
	var retries []signer.Retry
	for i := range c.Retries {
		retries = append(retries, c.Retries[i].retry())
	}
	return retries
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

// errHeaderName does not repeat what is not one.
var errHeaderName = errors.New("expected the name of a header, such as X-Api-Key")

// Check says what is wrong with h in itself.
func (h *Header) Check() error {
	op, ok := headerOps[h.Op]
	if !ok {
		return errors.New("op is one of set, set_absent and remove")
	}
	if !httpguts.ValidHeaderFieldName(h.Name) {
		return errHeaderName
	}
	if _, err := signer.NewHeader(op, h.Name, nil); err != nil {
		return err
	}
	if err := keys.CheckText(h.Value); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	if !httpguts.ValidHeaderFieldValue(h.Value) {
		return fmt.Errorf("%s: the value holds a line break or a control character: remove it", h.Name)
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
	for _, name := range []string{k.Header, k.FromHeader, k.ResponseHeader} {
		if name != "" && !httpguts.ValidHeaderFieldName(name) {
			return errHeaderName
		}
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
	for _, name := range d.Algorithms {
		if name != "sha-256" && name != "sha-512" {
			return errors.New("the algorithms are sha-256 and sha-512")
		}
	}
	_, err := httpsig.NewDigest(d.options())
	return err
}

func (d *ContentDigest) options() httpsig.DigestOptions {
	return httpsig.DigestOptions{Algorithms: d.Algorithms, EmptyBody: d.EmptyBody, KeyName: d.KeyName}
}
