package dfns

import (
	"strings"
	"testing"
)

func TestQuotable(t *testing.T) {
	const (
		token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln"
		words = "The user's credential can't be used (it is archived); see docs/credentials."
	)
	for message, want := range map[string]string{
		"":                              "",
		words:                           words,
		"401: Token not valid":          "401: Token not valid",
		"bad token " + token:            "bad token …",
		token:                           "",
		"a\x00b c\r\nd é":               "… c d …",
		"token=abc is bad":              "… is bad",
		"key AbCdEfGh12 is bad":         "key … is bad",
		`no wallet "my own one" found`:  "no wallet … found",
		`no wallet 'my own one' found`:  "no wallet … found",
		"no wallet `my own one` found":  "no wallet … found",
		`got "never ends here`:          "got …",
		`invalid {"name": "x"} in body`: "invalid … in body",
		strings.Repeat("x", 25) + " " + strings.Repeat("y", 24):     "… " + strings.Repeat("y", 24),
		strings.Repeat("word ", 100):                                strings.TrimSpace(strings.Repeat("word ", 40)),
		"x " + strings.Repeat("dGhpcyBpcyBub3QgZm9yIHlvdQ ", 1<<10): "x …",
	} {
		if got := quotable(message); got != want {
			t.Errorf("%q became %q, want %q", message, got, want)
		}
	}
}
