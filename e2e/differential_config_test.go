package e2e

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A diffBlock is a partner_proxy block that chance has made: as lines of a
// Caddyfile, and as the judge reads it.
type diffBlock struct {
	Scheme      string           `json:"scheme"`
	Authority   string           `json:"authority"`
	Keep        []string         `json:"keep"`
	Bearer      string           `json:"bearer"`
	Basic       string           `json:"basic"`
	Headers     []diffHeader     `json:"headers"`
	Idempotency *diffIdempotency `json:"idempotency"`
	Digest      *diffDigest      `json:"digest"`
	JSON        *diffField       `json:"json"`
	Signatures  []*diffSignature `json:"signatures"`

	upstream string
}

type diffHeader struct {
	Op    string `json:"op"` // set, absent, remove
	Name  string `json:"name"`
	Value string `json:"value"`
}

type diffIdempotency struct {
	Header string `json:"header"`
	Quoted bool   `json:"quoted"`
}

type diffDigest struct {
	Algorithms []string `json:"algorithms"`
	EmptyBody  bool     `json:"empty_body"`
	KeyName    string   `json:"key_name"`
}

type diffField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// randomBlock makes a block for one of the upstreams.
func randomBlock(r *rand.Rand, upstreams []diffUpstream) diffBlock {
	u := pick(r, upstreams)
	b := diffBlock{Scheme: u.scheme, Authority: u.authority, upstream: u.configured, Headers: []diffHeader{}}
	switch r.IntN(5) {
	case 0, 1:
		b.Bearer = "token"
	case 2:
		b.Basic = "user:token"
	case 3:
		b.Keep = []string{"Authorization", "Cookie"}
	}
	for range r.IntN(3) {
		h := pick(r, []diffHeader{
			{"set", "X-Version", "15"}, {"absent", "User-Agent", "acme/1.0"}, {"absent", "X-Odd", "by default"}, {"remove", "X-Item", ""},
			{"set", "X-Dict", "a=1,  b=(1   2)"}, {"absent", "X-Empty", "filled"}, {"remove", "Content-Type", ""}, {"set", "Accept-Encoding", "br"},
		})
		if !slices.ContainsFunc(b.Headers, func(o diffHeader) bool { return o.Name == h.Name }) {
			b.Headers = append(b.Headers, h)
		}
	}
	if r.IntN(2) == 0 {
		b.Idempotency = &diffIdempotency{pick(r, []string{"Idempotency-Key", "X-Request-Key"}), r.IntN(3) == 0}
	}
	if r.IntN(3) > 0 {
		b.Digest = &diffDigest{
			Algorithms: pick(r, [][]string{{"sha-256"}, {"sha-512"}, {"sha-256", "sha-512"}, {"sha-512", "sha-256"}}),
			EmptyBody:  r.IntN(3) == 0,
		}
		if len(b.Digest.Algorithms) == 1 && r.IntN(4) == 0 {
			b.Digest.KeyName = "sha256"
		}
	}
	if r.IntN(3) == 0 {
		b.JSON = &diffField{"client", pick(r, []string{"acme", `a"b\c`, "é", ""})}
	}
	labels := r.Perm(4)
	for i := range 1 + max(0, r.IntN(5)-2) {
		b.Signatures = append(b.Signatures, randomSignature(r, b, []string{"sig1", "sig-pp", "a*b.c_d-e", "*x"}[labels[i]]))
	}
	if len(b.Signatures) > 1 {
		for _, s := range b.Signatures {
			s.URL = false // which is no byte sequence of RFC 9651: beside it, nothing could be read
		}
	}
	b.requireOne()
	return b
}

// requireOne leaves one component of the block required that requests may lack,
// and may have: nothing would pass otherwise.
func (b diffBlock) requireOne() {
	found := false
	for _, s := range b.Signatures {
		for i := range s.Components {
			c := &s.Components[i]
			// The block removes the field, or sets it to a value that lacks some keys.
			absent := slices.ContainsFunc(b.Headers, func(h diffHeader) bool {
				return strings.EqualFold(h.Name, c.Name) && (h.Op == "remove" || h.Op == "set" && len(c.Params) > 0)
			})
			switch {
			case c.Optional || slices.Contains(alwaysThere, c.Name) || strings.Contains(c.Name, "signature"):
			case found || absent || !slices.Contains(oftenThere, c.Name):
				c.Optional = true
			default:
				found = true
			}
		}
	}
}

// caddyfile is the block under a matcher.
func (b diffBlock) caddyfile(matcher string) string {
	var lines strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&lines, format+"\n", args...) }
	if b.Keep != nil {
		line("client_headers keep %s", strings.Join(b.Keep, " "))
	}
	if b.Bearer != "" {
		line("bearer {env.TOKEN}")
	}
	if b.Basic != "" {
		line("basic_auth user {env.TOKEN}")
	}
	for _, h := range b.Headers {
		switch h.Op {
		case "set":
			line("header %s `%s`", h.Name, h.Value)
		case "absent":
			line("header ?%s `%s`", h.Name, h.Value)
		case "remove":
			line("header -%s", h.Name)
		}
	}
	if k := b.Idempotency; k != nil {
		line("idempotency_key %s {\nformat %s\n}", k.Header, map[bool]string{true: "quoted", false: "raw"}[k.Quoted])
	}
	if d := b.Digest; d != nil {
		line("content_digest %s {", strings.Join(d.Algorithms, " "))
		if d.EmptyBody {
			line("empty_body")
		}
		if d.KeyName != "" {
			line("key_name %s", d.KeyName)
		}
		line("}")
	}
	if b.JSON != nil {
		line("json_field /%s `%s`", b.JSON.Name, b.JSON.Value)
	}
	for _, s := range b.Signatures {
		line("%s", s.caddyfile())
	}
	if b.Scheme == "https" {
		line("transport http {\ntls_trust_pool file DIR/ca.pem\n}")
	}
	return fmt.Sprintf("partner_proxy %s %s {\n%s}\n", matcher, b.upstream, lines.String())
}

// diffKeys are the keys that the judge verifies with.
func diffKeys(t testing.TB) (judge map[string]map[string]string, files map[string]string) {
	judge, files = map[string]map[string]string{}, map[string]string{}
	for _, algorithm := range algorithms {
		key := keyOf(t, algorithm)
		files[algorithm+".key"] = key.File
		if key.Secret != nil {
			judge[algorithm] = map[string]string{"secret": base64.StdEncoding.EncodeToString(key.Secret)}
		} else {
			judge[algorithm] = map[string]string{"pem": key.PEM}
		}
	}
	return judge, files
}
