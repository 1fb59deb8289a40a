package keys_test

import (
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestText(t *testing.T) {
	t.Setenv("TEST_USER", "user")
	path := tempFile(t, "password\n")
	// not in UTC, and with parts of a second
	now := time.Date(2026, 3, 8, 1, 2, 3, 4_999_999, time.FixedZone("", -5*60*60))
	tests := []struct {
		text, want string
		literal    bool
	}{
		{"", "", true},
		{"plain", "plain", true},
		{"größe", "größe", true},
		{`a } closes nothing`, "a } closes nothing", true},
		{`\{"json":{env.TEST_USER}}`, `{"json":user}`, false},
		{`\{env.TEST_USER}`, "{env.TEST_USER}", true},
		{`\{\{}}\`, `{{}}\`, true},
		{`\\{`, `\{`, true},
		{`a\b`, `a\b`, true},
		{"{env.TEST_USER}", "user", false},
		{"{env.TEST_USER}:{file." + path + "}", "user:password", false},
		{"{time.now.http}", "Sun, 08 Mar 2026 06:02:03 GMT", false},
		{"{time.now.rfc3339}", "2026-03-08T06:02:03Z", false},
		{"{time.now.unix}", "1772949723", false},
		{"{time.now.unix_ms}", "1772949723004", false},
		{"at {time.now.unix} by {env.TEST_USER}.", "at 1772949723 by user.", false},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			text, err := new(keys.Loader).Text(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := text.Value(now); got != tt.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			literal, ok := text.Literal()
			if ok != tt.literal || ok && literal != tt.want {
				t.Errorf("literal %q, %t, want %t", literal, ok, tt.literal)
			}
		})
	}
}

func TestTextErrors(t *testing.T) {
	t.Setenv("TEST_BAD", "two\nlines")
	for _, text := range []string{
		"{", "{}", "a{b", "}{env.PATH}{", "{" + canary + "}", "{env." + canary, "{env.A=" + canary + "}", "{$" + canary + "}",
		"{file." + canary + "}", "{http.request.header." + canary + "}", "{time.now." + canary + "}", "{time.now}",
		`{"` + canary + `":1}`, "{env.{env." + canary + "}}",
	} {
		_, err := new(keys.Loader).Text(text)
		wantError(t, err, "expected {env.NAME}, {file./absolute/path}, {time.now.http}", `write \{ for a brace itself`)
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%q is repeated in %v", text, err)
		}
	}
	_, err := new(keys.Loader).Text("Bearer {env.TEST_NOT_SET}")
	wantError(t, err, "{env.TEST_NOT_SET}: the environment variable is not set")
	_, err = new(keys.Loader).Text("Bearer {env.TEST_BAD}")
	wantError(t, err, "{env.TEST_BAD}", "line break")
}

func TestTextFollowsFiles(t *testing.T) {
	path := tempFile(t, "old")
	clock := newClock()
	text := must((&keys.Loader{Now: clock.now}).Text("Bearer {file." + path + "}"))
	replace(t, path, "newer")
	clock.advance(time.Second)
	if got, err := text.Value(clock.now()); got != "Bearer newer" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	replace(t, path, "")
	clock.advance(time.Second)
	_, err := text.Value(clock.now())
	wantError(t, err, path, "there is nothing in it")
}
