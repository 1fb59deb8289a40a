package httpsig

import (
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"
)

// FuzzParseComponent: an identifier is a structured-field item that says what was
// spelled, and reading it as a configuration has it gives the same component.
func FuzzParseComponent(f *testing.F) {
	for _, seed := range []string{
		"@method", "@query?", "@query-param;name=page?", `@query-param;name="a b"?`, "X-Odd;bs?", `x-dict;key="a;b=\"c\\"?`, "x;sf;key=a", "x;key=a?;sf",
		"@query-param;name=%C3%A9", "@query-param;name=%zz", "x;tr", "x;req", "signature;key=sig1", "te", "@status", "x;bs;sf", "x;key", "x=1", "", "?", ";", "x;key=\"", "é", "x y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spelled string) {
		c, err := ParseComponent(spelled)
		if err != nil {
			return
		}
		item, err := httpsfv.UnmarshalItem([]string{c.String()})
		if err != nil {
			t.Fatalf("%q: %s is no item: %v", spelled, c, err)
		}
		if again, err := httpsfv.Marshal(item); err != nil || again != c.String() || item.Value != c.name || c.name != strings.ToLower(c.name) {
			t.Fatalf("%q: %s reads as %s, %v", spelled, c, again, err)
		}
		text := c.spelled()
		if c.optional {
			text += "?"
		}
		if again, err := ParseComponent(text); err != nil || !again.same(c) || again.id != c.id || again.optional != c.optional {
			t.Fatalf("%q: written again as %q it is %s, %v", spelled, text, again, err)
		}
	})
}

// FuzzParseParameter: what is accepted is written as it can be read again.
func FuzzParseParameter(f *testing.F) {
	for _, seed := range []string{
		"created", "created=-5s", "expires=60s", "expires=1ns", "nonce", "nonce=64", "nonce=7", "nonce=-1", "alg", "alg=x", "keyid", "tag=web-bot-auth",
		`tag="a b"`, "tag=", `tag="`, "tag=é", "other", "expires=1e9h", "expires=-1s", "nonce=0x10", "tag=\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spelled string) {
		p, err := ParseParameter(spelled)
		if err != nil {
			return
		}
		if !printable(p.String()) {
			t.Fatalf("%q: %q", spelled, p)
		}
		if again, err := ParseParameter(p.String()); err != nil || again != p {
			t.Fatalf("%q: %v, and read again %v, %v", spelled, p, again, err)
		}
	})
}
