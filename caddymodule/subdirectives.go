package caddymodule

import (
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/config"
)

// subdirectives read one line of a partner each, from its name on; what they
// leave is refused, and what they made is checked. Their errors never repeat an
// argument: it may be a secret that was pasted.
var subdirectives = map[string]func(*caddyfile.Dispenser, *config.Config) error{
	"name":               parseName,
	"allow":              parseAllow,
	"max_body":           parseMaxBody,
	"timeout":            parseTimeout,
	"clock_skew_warning": parseClockSkewWarning,
	"bearer":             parseBearer,
	"basic_auth":         parseBasicAuth,
	"header":             parseHeader,
	"client_headers":     parseClientHeaders,
	"idempotency_key":    parseIdempotencyKey,
	"content_digest":     parseContentDigest,
	"signature":          parseSignature,
	"capture":            parseCapture,
	"json_field":         parseJSONField,
	"dfns":               parseDfns,
	"retry":              parseRetry,
}

func parseUpstream(d *caddyfile.Dispenser, c *config.Config) error {
	if c.Upstream != "" {
		return twice(d)
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
		return twice(d)
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
	return nil
}

func parseMaxBody(d *caddyfile.Dispenser, c *config.Config) (err error) {
	if c.MaxBody != 0 {
		return twice(d)
	}
	c.MaxBody, err = oneSize(d)
	return err
}

func parseTimeout(d *caddyfile.Dispenser, c *config.Config) error {
	if c.Timeout != 0 {
		return twice(d)
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

func parseClockSkewWarning(d *caddyfile.Dispenser, c *config.Config) error {
	if c.ClockSkewWarning != 0 {
		return twice(d)
	}
	text, err := oneArgument(d)
	if err != nil {
		return err
	}
	limit, err := caddy.ParseDuration(text)
	if err != nil || limit < time.Second {
		return d.Err("clock_skew_warning: expected a duration of a second or more, such as 5s")
	}
	c.ClockSkewWarning = config.Duration(limit)
	return nil
}

func parseBasicAuth(d *caddyfile.Dispenser, c *config.Config) error {
	if c.BasicAuth != nil {
		return twice(d)
	}
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Err("basic_auth: expected a user, and {env.NAME} or {file./absolute/path} for the password")
	}
	c.BasicAuth = &config.BasicAuth{User: args[0], Password: args[1]}
	return nil
}

func parseHeader(d *caddyfile.Dispenser, c *config.Config) error {
	const expected = "header: expected <Name> <value>, ?<Name> <value> or -<Name>; quote a value with spaces"
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.Err(expected)
	}
	h, want := config.Header{Name: args[0]}, 2
	switch h.Name[:min(1, len(h.Name))] {
	case "-":
		h.Op, want = "remove", 1
	case "?":
		h.Op = "set_absent"
	case "+", ">", "~": // Caddy's own header directive knows more
		return d.Err(expected)
	}
	if h.Op != "" {
		h.Name = h.Name[1:]
	}
	if len(args) != want {
		return d.Err(expected)
	}
	if want == 2 {
		h.Value = args[1]
	}
	if slices.ContainsFunc(c.Headers, func(o config.Header) bool { return strings.EqualFold(o.Name, h.Name) }) {
		return d.Err("header: this one is there twice: remove one of them")
	}
	c.Headers = append(c.Headers, h)
	return nil
}

func parseClientHeaders(d *caddyfile.Dispenser, c *config.Config) error {
	args := d.RemainingArgs()
	if len(args) < 2 || args[0] != "keep" {
		return d.Err("client_headers: expected keep and the names of client headers")
	}
	c.ClientHeaders = append(c.ClientHeaders, args[1:]...)
	return nil
}

func parseIdempotencyKey(d *caddyfile.Dispenser, c *config.Config) error {
	if c.IdempotencyKey != nil {
		return twice(d)
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
	return readBlock(d, "idempotency_key", k.Check, func(name string, args []string) error {
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
		return nil
	})
}

func parseContentDigest(d *caddyfile.Dispenser, c *config.Config) error {
	if c.ContentDigest != nil {
		return twice(d)
	}
	digest := &config.ContentDigest{Algorithms: d.RemainingArgs()}
	c.ContentDigest = digest
	return readBlock(d, "content_digest", digest.Check, func(name string, args []string) error {
		switch {
		case name == "empty_body" && len(args) == 0:
			digest.EmptyBody = true
		case name == "key_name" && len(args) == 1:
			digest.KeyName = args[0]
		default:
			return d.Err("content_digest: expected empty_body or key_name <name>")
		}
		return nil
	})
}
