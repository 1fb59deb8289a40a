package dfns

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAllows(t *testing.T) {
	for answer, want := range map[string]bool{
		`{}`:                        true,
		`{"allowCredentials":null}`: true,
		`{"allowCredentials":{}}`:   true,
		`{"allowCredentials":{"key":null,"webauthn":[{"id":"cr-2"}]}}`: true,
		`{"allowCredentials":{"key":[]}}`:                              true,
		`{"allowCredentials":{"key":[{"id":"cr-1"}]}}`:                 true,
		`{"allowCredentials":{"key":[{"id":"cr-2"},{"id":"cr-1"}]}}`:   true,
		`{"allowCredentials":{"key":[{"id":"cr-2"}]}}`:                 false,
		`{"allowCredentials":{"key":[{}]}}`:                            false,
		`{"allowCredentials":{"key":[{"id":"CR-1"}]}}`:                 false,
	} {
		c := new(challenge)
		if err := json.Unmarshal([]byte(answer), c); err != nil || c.allows("cr-1") != want {
			t.Errorf("%s: %v, want %v", answer, err, want)
		}
	}
}

func TestParseError(t *testing.T) {
	for answer, want := range map[string][2]string{
		`{"error":{"id":"E1","message":"m"}}`:     {"m", "E1"},
		`{"message":"m"}`:                         {"m", ""},
		`{"message":"n","error":{"message":"m"}}`: {"m", ""},
		`{"message":"m","error":"Bad Request"}`:   {"m", ""},
		`{"message":["m"],"error":{"id":1}}`:      {"", ""},
		`{"error":null}`:                          {"", ""},
		`[]`:                                      {"", ""},
		`<html>`:                                  {"", ""},
		``:                                        {"", ""},
	} {
		if message, id := parseError([]byte(answer)); message != want[0] || id != want[1] {
			t.Errorf("%s: %q, %q", answer, message, id)
		}
	}
}

// FuzzAnswers: whatever comes is taken as it is meant or refused, and nothing
// of it that is long or odd is repeated.
func FuzzAnswers(f *testing.F) {
	for _, answer := range []string{
		`{"challenge":"c","challengeIdentifier":"i","allowCredentials":{"key":[{"id":"cr-1"}]}}`,
		`{"userAction":"token"}`, `{"userAction":"a\nb"}`,
		`{"error":{"id":"E","message":"Not \"authorized\" ` + strings.Repeat("x", 100) + `"}}`, `{"message":"m"}`,
		`[`, `{"error":{"message":"\ud800 é"}}`, "",
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if c, err := parseChallenge(answer); err == nil {
			var signed struct{ Challenge, Type string }
			if err := json.Unmarshal(appendClientData(nil, c.Text), &signed); err != nil || signed.Challenge != c.Text || signed.Type != "key.get" {
				t.Errorf("signed %+v, %v", signed, err)
			}
			c.allows("cr-1")
		}
		if token, err := parseToken(answer); err == nil && (token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })) {
			t.Errorf("the token %q does not fit into a header", token)
		}
		message, id := parseError(answer)
		for _, said := range []string{quotable(message), quotable(id)} {
			if len(said) > maxMessage || strings.ContainsAny(said, "\"`{}=+\r\n") {
				t.Errorf("%q is repeated", said)
			}
			for word := range strings.FieldsSeq(said) {
				if len(word) > 24 {
					t.Errorf("%q is repeated", word)
				}
			}
		}
	})
}
