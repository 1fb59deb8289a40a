package explain

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer/message"
)

// A secret is not shown in any of the forms in which it goes out.
func TestMask(t *testing.T) {
	m := new(Mask)
	m.Add("{env.A}", `se"cret\1`)
	m.Add("{env.B}", `se"cret\1-longer`)
	m.Add("{env.EMPTY}", "")
	for text, want := range map[string]string{
		`Bearer se"cret\1`:               `Bearer {env.A}`,
		`se"cret\1-longer`:               `{env.B}`,
		`{"a":"se\"cret\\1"}`:            `{"a":"{env.A}"}`,
		`"x": se"cret\1, se"cret\1`:      `"x": {env.A}, {env.A}`,
		"Basic " + b64(`user:se"cret\1`): "Basic base64(user:{env.A})",
		"Basic " + b64(`user:password`):  "Basic " + b64(`user:password`),
		"nothing":                        "nothing",
		"":                               "",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
	body := []byte(`{"a":"se\"cret\\1"}`)
	m.addBody(body)
	sum := sha256.Sum256(body)
	if got := m.Text("sha-256=:" + b64(string(sum[:])) + ": " + base64.RawURLEncoding.EncodeToString(body)); got != `sha-256=:(digest of a body with a secret): base64url({"a":"{env.A}"})` {
		t.Errorf("what is computed of a body is shown as %s", got)
	}
	m.addBody([]byte("{}"))
	sum = sha256.Sum256([]byte("{}"))
	if got := m.Text(b64(string(sum[:]))); got != b64(string(sum[:])) {
		t.Errorf("the digest of a body without a secret is shown as %s", got)
	}
}

// What is shown in place of one secret is not searched for another.
func TestMaskOfItsOwnText(t *testing.T) {
	m := new(Mask)
	m.Add("{env.NAME}", "first")
	m.Add("{env.OTHER}", "env")
	if got := m.Text("first env"); got != "{env.NAME} {env.OTHER}" {
		t.Error(got)
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestAnonymous(t *testing.T) {
	fields := message.Fields{{"authorization", "Bearer canary"}, {"Cookie", "a=canary; b"}, {"X-Api-Key", "canary"}, {"X", "stays"}}
	hidden := Anonymous(fields)
	if text := strings.Join([]string{hidden[0][1], hidden[1][1], hidden[2][1], hidden[3][1]}, "|"); text != "Bearer <authorization of the client>|<Cookie of the client>|<X-Api-Key of the client>|stays" {
		t.Error(text)
	}
	again := Anonymous(hidden)
	for i := range again {
		if again[i] != hidden[i] {
			t.Errorf("hidden twice it is %s", again[i])
		}
	}
	if fields[0][1] != "Bearer canary" {
		t.Error("the argument was changed")
	}
}
