package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A diffSignature is a signature block that chance has made.
type diffSignature struct {
	Label      string          `json:"label"`
	Algorithm  string          `json:"alg"`
	KeyID      string          `json:"key_id"`
	Components []diffComponent `json:"components"`
	Parameters []string        `json:"parameters"`
	DER        bool            `json:"der"`
	URL        bool            `json:"url"`
	Header     string          `json:"header"` // in lower case, as Input
	Input      string          `json:"input"`
	Keep       bool            `json:"keep"`
	Methods    []string        `json:"methods"`
}

type diffComponent struct {
	Name     string      `json:"name"`
	Params   [][2]string `json:"params"` // a value of "" is none
	Optional bool        `json:"optional"`
}

func (c diffComponent) String() string {
	s := c.Name
	for _, p := range c.Params {
		if s += ";" + p[0]; p[1] != "" {
			s += `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p[1]) + `"`
		}
	}
	if c.Optional {
		s += "?"
	}
	return s
}

// Most signatures are cheap, so that a long run is of many requests.
var diffAlgorithms = append(slices.Concat(
	slices.Repeat([]string{"ed25519"}, 8), slices.Repeat([]string{"hmac-sha256"}, 8), slices.Repeat([]string{"ecdsa-p256-sha256"}, 6),
), algorithms...)

func randomSignature(r *rand.Rand, b diffBlock, label string) *diffSignature {
	s := &diffSignature{
		Label: label, Algorithm: pick(r, diffAlgorithms), KeyID: pick(r, []string{"acme-2026", `key "1"`, `back\slash`, "a b;c=d, e"}),
		Header: "signature", Input: "signature-input", Keep: r.IntN(4) == 0, URL: r.IntN(6) == 0, Parameters: []string{}, Methods: []string{},
		Components: []diffComponent{},
	}
	s.DER = strings.HasPrefix(s.Algorithm, "ecdsa") && r.IntN(3) == 0
	if r.IntN(4) == 0 {
		s.Header, s.Input = "gc-signature", "gc-signature-input"
	}
	if r.IntN(5) == 0 {
		s.Methods = pick(r, [][]string{{"POST"}, {"GET", "DELETE"}, {"POST", "PUT", "PATCH"}})
	}
	if r.IntN(6) > 0 {
		all := []string{"created", "expires=" + pick(r, []string{"60s", "300s", "1s"}), pick(r, []string{"nonce", "nonce=8", "nonce=33", "nonce=64"}),
			"alg", "keyid", "tag=" + pick(r, []string{"web-bot-auth", `a\b c`, "X"})}
		for _, i := range r.Perm(len(all))[:1+r.IntN(len(all))] {
			s.Parameters = append(s.Parameters, all[i])
		}
	}
	for range r.IntN(14) {
		c := randomComponent(r, b)
		same := func(o diffComponent) bool { return o.Name == c.Name && slices.Equal(o.Params, c.Params) }
		if !slices.ContainsFunc(s.Components, same) {
			s.Components = append(s.Components, c)
		}
	}
	for _, other := range b.Signatures { // made before: it can be covered
		if r.IntN(2) == 0 && len(other.Methods) == 0 {
			s.Components = append(s.Components, diffComponent{Name: pick(r, []string{other.Header, other.Input}), Params: [][2]string{{"key", other.Label}}})
		}
	}
	return s
}

// What requests have, and what most of them have.
var (
	alwaysThere = []string{
		"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query", "user-agent", "accept-encoding", "x-seq", "host",
	}
	oftenThere = []string{"x-odd", "x-empty", "x-item", "x-list", "x-dict"}
)

// randomComponent makes a component. What requests may lack is seldom required,
// so that most of them pass.
func randomComponent(r *rand.Rand, b diffBlock) diffComponent {
	optional := r.IntN(12) > 0
	field := func(name string, params ...[2]string) diffComponent {
		return diffComponent{Name: name, Params: append([][2]string{}, params...), Optional: optional}
	}
	always := func(names ...string) diffComponent {
		return diffComponent{Name: pick(r, names), Params: [][2]string{}, Optional: false}
	}
	switch r.IntN(12) {
	case 0, 1, 2:
		return always(alwaysThere[:6]...)
	case 3:
		c := always("@query")
		c.Optional = r.IntN(2) == 0
		return c
	case 4:
		return field("@query-param", [2]string{"name", pick(r, []string{"page", "a", "a%20b", "%C3%A9", "filter[name]", "x*-._y"})})
	case 5:
		return always(alwaysThere[7:]...)
	case 6:
		return field(pick(r, []string{"x-odd", "x-empty", "x-item", "x-dict"}), [2]string{"bs", ""})
	case 7:
		return field(pick(r, []string{"x-item", "x-list", "x-dict", "priority", "content-digest"}), [2]string{"sf", ""})
	case 8:
		c := field("x-dict", [2]string{"key", pick(r, []string{"a", "b", "c", "*d"})})
		if r.IntN(4) == 0 {
			c.Params = append(c.Params, [2]string{"sf", ""})
		}
		return c
	case 9:
		if b.Digest != nil && b.Digest.KeyName == "" {
			return field("content-digest", [2]string{"key", b.Digest.Algorithms[0]})
		}
		return field("content-digest")
	case 10:
		return field(pick(r, []string{"authorization", "cookie", "content-type", "content-length", "idempotency-key", "x-request-key", "date", "x-version"}))
	}
	return field(pick(r, []string{"x-odd", "x-empty", "x-item", "x-list", "x-dict", "accept"}))
}

func (s *diffSignature) caddyfile() string {
	var lines strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&lines, format+"\n", args...) }
	line("signature %s {", s.Label)
	line("key DIR/%s.key", s.Algorithm)
	line("algorithm %s", s.Algorithm)
	line("key_id `%s`", s.KeyID)
	if len(s.Components) > 0 {
		line("components%s", quotedWords(s.Components))
	}
	if len(s.Parameters) > 0 {
		line("parameters%s", quotedWords(s.Parameters))
	}
	if s.DER {
		line("ecdsa_encoding der")
	}
	if s.URL {
		line("byte_encoding base64url")
	}
	if s.Header != "signature" {
		line("header_names Gc-Signature Gc-Signature-Input")
	}
	if s.Keep {
		line("existing keep")
	}
	if len(s.Methods) > 0 {
		line("on %s **", strings.Join(s.Methods, ","))
	}
	line("}")
	return lines.String()
}

// quotedWords are the words of a line, each in quotes of the Caddyfile.
func quotedWords[T any](words []T) string {
	var b strings.Builder
	for _, w := range words {
		fmt.Fprintf(&b, " `%v`", w)
	}
	return b.String()
}
