package keys_test

import (
	"testing"

	"github.com/partnersign/partnersign/signer/keys"
)

// What a check passes is opened, or its failure names the variable or file; what
// it refuses, opening refuses with the same words.
func TestChecksAgreeWithOpening(t *testing.T) {
	inputs := []string{
		"", "plain", "{", "}", "{}", "a{b", `\{`, `\\{`, `\{}{`, `{\{}`, "{env.TEST_NOT_SET}", "{env.}", "{env.A B}", "x{env.TEST_NOT_SET}y",
		"{file./missing/file}", "{file.relative}", "{time.now.unix}", "{time.now.http} {time.now.rfc3339}", "{time.now}", "{env.{env.A}}",
		"/missing/file", "relative", "/missing=", "{$A}", `\{"a":"{time.now.unix_ms}"}`, "{time.now.unix}{",
	}
	for _, input := range inputs {
		agree := func(kind string, checked, opened error) {
			t.Helper()
			if checked != nil && (opened == nil || opened.Error() != checked.Error()) {
				t.Errorf("%s %q: the check says %v, opening %v", kind, input, checked, opened)
			}
			if checked == nil && opened != nil {
				wantError(t, opened, "}: ")
			}
		}
		_, err := new(keys.Loader).Secret(input)
		agree("secret", keys.CheckSecret(input), err)
		_, err = new(keys.Loader).Key(input, keys.KeyOptions{})
		agree("key", keys.CheckKey(input), err)
		_, err = new(keys.Loader).Text(input)
		agree("text", keys.CheckText(input), err)
	}
}
