package keys_test

import (
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestSecretContents(t *testing.T) {
	tests := []struct {
		name, content string
		want          string // the value, or part of the error after "!"
	}{
		{"plain", "token", "token"},
		{"newline", "token\n", "token"},
		{"CRLF", "token\r\n", "token"},
		{"all of printable ASCII", " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~", " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"},
		{"two newlines", "token\n\n", "!line break"},
		{"two lines", "token\nother", "!line break"},
		{"carriage return", "token\r", "!line break"},
		{"tab", "to\tken", "!control character"},
		{"NUL", "token\x00", "!control character"},
		{"DEL", "token\x7f", "!control character"},
		{"not ASCII", "tökén", "!outside ASCII"},
		{"byte order mark", "\ufefftoken", "!outside ASCII"},
		{"not UTF-8", "token\xff", "!outside ASCII"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check := func(secret *keys.Secret, err error) {
				t.Helper()
				var got string
				if err == nil {
					got, err = secret.Value(time.Now())
				}
				if part, bad := strings.CutPrefix(tt.want, "!"); bad {
					wantError(t, err, part)
				} else if err != nil || got != tt.want {
					t.Errorf("got %q, %v", got, err)
				}
			}
			check(new(keys.Loader).Secret("{file." + tempFile(t, tt.content) + "}"))
			if !strings.Contains(tt.content, "\x00") { // which the environment cannot hold
				t.Setenv("TEST_SECRET", tt.content)
				check(new(keys.Loader).Secret("{env.TEST_SECRET}"))
			}
		})
	}
	_, err := keys.FixedSecret("").Value(time.Now())
	wantError(t, err, "there is nothing in it")
	_, err = keys.FixedSecret("token\n").Value(time.Now())
	wantError(t, err, "line break")
}
