package config

import (
	"slices"
	"strings"
)

// Override makes c, which a preset has filled, what a user asks for: whatever
// own has replaces that of c of the same name, and of the same label, header or
// pattern, as a whole. What is left of c comes after what own has.
func (c *Config) Override(own Config) {
	replaceIf(&c.Name, own.Name, own.Name != "")
	replaceIf(&c.Upstream, own.Upstream, own.Upstream != "")
	replaceIf(&c.MaxBody, own.MaxBody, own.MaxBody != 0)
	replaceIf(&c.Timeout, own.Timeout, own.Timeout != 0)
	replaceIf(&c.ClockSkewWarning, own.ClockSkewWarning, own.ClockSkewWarning != 0)
	replaceIf(&c.ClientHeaders, own.ClientHeaders, own.ClientHeaders != nil)
	replaceIf(&c.BasicAuth, own.BasicAuth, own.BasicAuth != nil)
	replaceIf(&c.Dfns, own.Dfns, own.Dfns != nil)
	replaceIf(&c.IdempotencyKey, own.IdempotencyKey, own.IdempotencyKey != nil)
	replaceIf(&c.ContentDigest, own.ContentDigest, own.ContentDigest != nil)
	c.Allow = slices.Concat(own.Allow, c.Allow)
	c.Guarded = slices.Concat(own.Guarded, c.Guarded)
	c.Unguarded = slices.Concat(own.Unguarded, c.Unguarded)
	replaceEach(&c.Bearer, own.Bearer, func(a, b Bearer) bool { return a.On.equal(b.On) })
	replaceEach(&c.Headers, own.Headers, func(a, b Header) bool { return strings.EqualFold(a.Name, b.Name) })
	replaceEach(&c.Captures, own.Captures, func(a, b Capture) bool { return a.Mint == b.Mint })
	replaceEach(&c.JSONFields, own.JSONFields, func(a, b JSONField) bool { return a.Pointer == b.Pointer })
	replaceEach(&c.Retries, own.Retries, func(a, b Retry) bool { return a.On.equal(b.On) })
	replaceEach(&c.Signatures, own.Signatures, func(a, b Signature) bool { return a.label() == b.label() })
}

// noIdempotencyKey removes what clients send to partners that do not know it: a
// write that has a key would be sent again when its connection breaks.
func noIdempotencyKey() []Header {
	return []Header{{Name: "Idempotency-Key", Op: "remove"}, {Name: "X-Idempotency-Key", Op: "remove"}}
}

func replaceIf[T any](old *T, own T, given bool) {
	if given {
		*old = own
	}
}

func replaceEach[T any](old *[]T, own []T, same func(a, b T) bool) {
	kept := slices.DeleteFunc(slices.Clone(*old), func(o T) bool {
		return slices.ContainsFunc(own, func(n T) bool { return same(o, n) })
	})
	*old = slices.Concat(own, kept)
}

// equal reports whether m and o are spelled alike.
func (m *Match) equal(o *Match) bool {
	if m == nil || o == nil {
		return m == o
	}
	return slices.Equal(m.Methods, o.Methods) && slices.Equal(m.Paths, o.Paths)
}

// removals are the parts that a preset may have and a user may do without.
var removals = map[string]func(*Config) bool{
	"name":               func(c *Config) bool { return remove(&c.Name, c.Name != "") },
	"max_body":           func(c *Config) bool { return remove(&c.MaxBody, c.MaxBody != 0) },
	"timeout":            func(c *Config) bool { return remove(&c.Timeout, c.Timeout != 0) },
	"clock_skew_warning": func(c *Config) bool { return remove(&c.ClockSkewWarning, c.ClockSkewWarning != 0) },
	"client_headers":     func(c *Config) bool { return remove(&c.ClientHeaders, c.ClientHeaders != nil) },
	"bearer":             func(c *Config) bool { return remove(&c.Bearer, c.Bearer != nil) },
	"basic_auth":         func(c *Config) bool { return remove(&c.BasicAuth, c.BasicAuth != nil) },
	"header":             func(c *Config) bool { return remove(&c.Headers, c.Headers != nil) },
	"capture":            func(c *Config) bool { return remove(&c.Captures, c.Captures != nil) },
	"json_field":         func(c *Config) bool { return remove(&c.JSONFields, c.JSONFields != nil) },
	"dfns":               func(c *Config) bool { return remove(&c.Dfns, c.Dfns != nil) },
	"idempotency_key":    func(c *Config) bool { return remove(&c.IdempotencyKey, c.IdempotencyKey != nil) },
	"content_digest":     func(c *Config) bool { return remove(&c.ContentDigest, c.ContentDigest != nil) },
	"signature":          func(c *Config) bool { return remove(&c.Signatures, c.Signatures != nil) },
	"retry":              func(c *Config) bool { return remove(&c.Retries, c.Retries != nil) },
}

// Remove removes what a preset has filled in under the name of a subdirective,
// and reports whether there was anything.
func (c *Config) Remove(name string) bool {
	r, ok := removals[name]
	return ok && r(c)
}

func remove[T any](v *T, there bool) bool {
	var none T
	*v = none
	return there
}
