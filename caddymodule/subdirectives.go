package caddymodule

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/config"
)

// subdirectives read one subdirective of a partner each, from its name on.
// Their errors never repeat an argument: it may be a secret that was pasted.
var subdirectives = map[string]func(*caddyfile.Dispenser, *config.Config) error{
	"upstream":        parseUpstream,
	"name":            parseName,
	"allow":           parseAllow,
	"max_body":        parseMaxBody,
	"timeout":         parseTimeout,
	"bearer":          parseBearer,
	"basic_auth":      parseBasicAuth,
	"header":          parseHeader,
	"client_headers":  parseClientHeaders,
	"idempotency_key": parseIdempotencyKey,
	"content_digest":  parseContentDigest,
	"signature":       parseSignature,
}

func parseUpstream(d *caddyfile.Dispenser, c *config.Config) error {
	if c.Upstream != "" {
		return d.Err("upstream is there twice")
	}
	url, err := oneArgument(d)
	if err != nil {
		return err
	}
	upstream, err := signer.ParseUpstream(url)
	c.Upstream = upstream.String()
	return wrap(d, err)
}

func parseName(d *caddyfile.Dispenser, c *config.Config) (err error) {
	if c.Name != "" {
		return d.Err("name is there twice")
	}
	c.Name, err = oneArgument(d)
	return err
}

func parseAllow(d *caddyfile.Dispenser, c *config.Config) error {
	args := d.RemainingArgs()
	var a config.Allow
	for len(args) > 0 {
		last := args[len(args)-1]
		if last == "guarded" {
			a.Guarded = true
		} else if last == "encoded_slash" {
			a.EncodedSlash = true
		} else {
			break
		}
		args = args[:len(args)-1]
	}
	m, err := match(args)
	if err != nil {
		return d.Errf("allow: %w", err)
	}
	a.Match = *m
	c.Allow = append(c.Allow, a)
	return noBlock(d)
}

func parseMaxBody(d *caddyfile.Dispenser, c *config.Config) (err error) {
	if c.MaxBody != 0 {
		return d.Err("max_body is there twice")
	}
	c.MaxBody, err = oneSize(d)
	return err
}

func parseTimeout(d *caddyfile.Dispenser, c *config.Config) error {
	if c.Timeout != 0 {
		return d.Err("timeout is there twice")
	}
	text, err := oneArgument(d)
	if err != nil {
		return err
	}
	timeout, err := caddy.ParseDuration(text)
	if err != nil || timeout <= 0 {
		return d.Err("timeout: expected a duration such as 60s")
	}
	c.Timeout = config.Duration(timeout)
	return nil
}

func parseBearer(d *caddyfile.Dispenser, c *config.Config) error {
	args := d.RemainingArgs()
	if len(args) != 1 {
		return d.Err("bearer: expected {env.NAME} or {file./absolute/path}, and nothing else on the line")
	}
	b := config.Bearer{Token: args[0]}
	if err := wrapf(d, "bearer", b.Check()); err != nil {
		return err
	}
	for d.NextBlock(0) {
		if d.Val() != "on" {
			return unknown(d, "on")
		}
		if err := parseOn(d, &b.On); err != nil {
			return err
		}
	}
	if n := len(c.Bearer); n > 0 && c.Bearer[n-1].On == nil {
		return d.Err("bearer: the token before this one is for every request; give it an on line, or put it last")
	}
	c.Bearer = append(c.Bearer, b)
	return nil
}

func parseBasicAuth(d *caddyfile.Dispenser, c *config.Config) error {
	if c.BasicAuth != nil {
		return d.Err("basic_auth is there twice")
	}
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Err("basic_auth: expected a user, and {env.NAME} or {file./absolute/path} for the password")
	}
	c.BasicAuth = &config.BasicAuth{User: args[0], Password: args[1]}
	if err := wrapf(d, "basic_auth", c.BasicAuth.Check()); err != nil {
		return err
	}
	return noBlock(d)
}

func parseHeader(d *caddyfile.Dispenser, c *config.Config) error {
	const expected = "header: expected <Name> <value>, ?<Name> <value> or -<Name>; quote a value with spaces"
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.Err(expected)
	}
	h := config.Header{Name: args[0]}
	switch {
	case strings.HasPrefix(h.Name, "-"):
		h.Op = "remove"
	case strings.HasPrefix(h.Name, "?"):
		h.Op = "set_absent"
	}
	if h.Op != "" {
		h.Name = h.Name[1:]
	}
	want := 2
	if h.Op == "remove" {
		want = 1
	}
	if len(args) != want {
		return d.Err(expected)
	}
	if want == 2 {
		h.Value = args[1]
	}
	if err := wrapf(d, "header", h.Check()); err != nil {
		return err
	}
	if slices.ContainsFunc(c.Headers, func(o config.Header) bool { return strings.EqualFold(o.Name, h.Name) }) {
		return d.Errf("header %s is there twice", h.Name)
	}
	c.Headers = append(c.Headers, h)
	return noBlock(d)
}

func parseClientHeaders(d *caddyfile.Dispenser, c *config.Config) error {
	args := d.RemainingArgs()
	if len(args) < 2 || args[0] != "keep" {
		return d.Err("client_headers: expected keep and the names of client headers")
	}
	c.ClientHeaders = append(c.ClientHeaders, args[1:]...)
	return noBlock(d)
}

func parseIdempotencyKey(d *caddyfile.Dispenser, c *config.Config) error {
	if c.IdempotencyKey != nil {
		return d.Err("idempotency_key is there twice")
	}
	k := new(config.IdempotencyKey)
	c.IdempotencyKey = k
	switch args := d.RemainingArgs(); len(args) {
	case 0:
	case 1:
		k.Header = args[0]
	default:
		return d.Err("idempotency_key: expected at most the name of its header")
	}
	once := onlyOnce(d)
	for d.NextBlock(0) {
		name, args := d.Val(), d.RemainingArgs()
		if err := once(name); err != nil {
			return err
		}
		switch {
		case name == "methods" && len(args) > 0:
			k.Methods = strings.Split(strings.Join(args, ","), ",")
		case name == "format" && len(args) == 1:
			k.Format = args[0]
		case name == "require" && len(args) == 0:
			k.Require = true
		case name == "from" && len(args) == 2 && args[0] == "header":
			k.FromHeader = args[1]
		case name == "from" && len(args) == 2 && args[0] == "body":
			k.FromBody = args[1]
		case name == "response_header" && len(args) == 1:
			k.ResponseHeader = args[0]
		default:
			return d.Err("idempotency_key: expected methods <METHOD>…, format raw|quoted, require, from header <Name>, from body <JSON pointer> or response_header <Name>")
		}
	}
	return wrapf(d, "idempotency_key", k.Check())
}

func parseContentDigest(d *caddyfile.Dispenser, c *config.Config) error {
	if c.ContentDigest != nil {
		return d.Err("content_digest is there twice")
	}
	c.ContentDigest = &config.ContentDigest{Algorithms: d.RemainingArgs()}
	once := onlyOnce(d)
	for d.NextBlock(0) {
		name, args := d.Val(), d.RemainingArgs()
		if err := once(name); err != nil {
			return err
		}
		switch {
		case name == "empty_body" && len(args) == 0:
			c.ContentDigest.EmptyBody = true
		case name == "key_name" && len(args) == 1:
			c.ContentDigest.KeyName = args[0]
		default:
			return d.Err("content_digest: expected empty_body or key_name <name>")
		}
	}
	return wrapf(d, "content_digest", c.ContentDigest.Check())
}

// parseOn reads on <METHODS|*> <glob>…
func parseOn(d *caddyfile.Dispenser, on **config.Match) error {
	if *on != nil {
		return d.Err("on is there twice")
	}
	m, err := match(d.RemainingArgs())
	if err != nil {
		return d.Errf("on: %w", err)
	}
	*on = m
	return nil
}

func match(args []string) (*config.Match, error) {
	if len(args) < 2 {
		return nil, errors.New("expected * or methods separated by commas, and path globs")
	}
	if _, err := signer.ParseMatch(args[0], args[1:]...); err != nil {
		return nil, err
	}
	m := &config.Match{Paths: args[1:]}
	if args[0] != "*" {
		m.Methods = strings.Split(args[0], ",")
	}
	return m, nil
}

// oneArgument is the only argument of a subdirective that has no block.
func oneArgument(d *caddyfile.Dispenser) (string, error) {
	name := d.Val()
	args := d.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return "", d.Errf("%s takes one argument", name)
	}
	return args[0], noBlock(d)
}

func noBlock(d *caddyfile.Dispenser) error {
	if d.NextBlock(d.Nesting()) {
		return d.Err("there is no block here")
	}
	return nil
}

// onlyOnce refuses a name that comes again.
func onlyOnce(d *caddyfile.Dispenser) func(name string) error {
	seen := map[string]bool{}
	return func(name string) error {
		if seen[name] {
			return d.Errf("%s is there twice", name)
		}
		seen[name] = true
		return nil
	}
}

// unknown names the subdirectives that there are, not the one that there is
// not: that may be a secret on a line of its own.
func unknown(d *caddyfile.Dispenser, known ...string) error {
	return d.Errf("unknown subdirective: expected %s", strings.Join(known, ", "))
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func wrap(d *caddyfile.Dispenser, err error) error {
	if err == nil {
		return nil
	}
	return d.WrapErr(err)
}

func wrapf(d *caddyfile.Dispenser, name string, err error) error {
	if err == nil {
		return nil
	}
	return d.Errf("%s: %w", name, err)
}
