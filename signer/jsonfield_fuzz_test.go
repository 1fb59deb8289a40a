package signer_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/partnersign/partnersign/signer"
)

// members reads an object with encoding/json: names and values as they are
// written, in their order, twice if they are there twice.
func members(object []byte) (names []string, values []json.RawMessage, ok bool) {
	if !json.Valid(object) || !utf8.Valid(object) || bytes.TrimLeft(object, " \t\r\n")[0] != '{' {
		return nil, nil, false
	}
	d := json.NewDecoder(bytes.NewReader(object))
	_ = must(d.Token())
	for d.More() {
		names = append(names, must(d.Token()).(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			panic(err)
		}
		values = append(values, value)
	}
	return names, values, true
}

// memberOf is the last member of a name.
func memberOf(object []byte, name string) json.RawMessage {
	names, values, _ := members(object)
	for i := len(names) - 1; i >= 0; i-- {
		if names[i] == name {
			return values[i]
		}
	}
	return nil
}

// checkSplice holds the step against encoding/json, with the field /f or /a/f.
func checkSplice(t *testing.T, body string, deep bool) {
	t.Helper()
	pointer, object := "/f", func(b string) []byte { return []byte(b) }
	if deep {
		pointer, object = "/a/f", func(b string) []byte { return memberOf([]byte(b), "a") }
	}
	got, err := spliced(t, signer.JSONFieldOptions{Pointer: pointer, Value: fixed("v")}, jsonType(), body)
	if err != nil {
		t.Fatal(err)
	}
	names, values, ok := members(object(body))
	if !ok || !utf8.ValidString(body) || memberOf(object(body), "f") != nil {
		if got != body {
			t.Errorf("%q became %q", body, got)
		}
		return
	}
	if utf8.ValidString(body) != utf8.ValidString(got) {
		t.Errorf("%q became %q", body, got)
	}
	gotNames, gotValues, ok := members(object(got))
	if n := len(names); !ok || len(gotNames) != n+1 || gotNames[n] != "f" || string(gotValues[n]) != `"v"` {
		t.Fatalf("%q became %q", body, got)
	}
	for i := range names {
		if names[i] != gotNames[i] || !bytes.Equal(values[i], gotValues[i]) {
			t.Errorf("%q became %q: %q differs", body, got, names[i])
		}
	}
	field := `,"f":"v"`
	if len(names) == 0 {
		field = field[1:]
	}
	for i := 0; ; i++ { // whether it is the original around one of them
		next := strings.Index(got[i:], field)
		if next < 0 {
			t.Fatalf("%q became %q: other bytes differ", body, got)
		}
		if i += next; got[:i]+got[i+len(field):] == body {
			return
		}
	}
}

// randomJSON writes a value in one of the ways in which it can be written.
func randomJSON(rnd *rand.Rand, depth int) string {
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	space := func() string { return pick("", "", "", " ", "\n", "\r\n\t", "  ") }
	name := func() string {
		return pick(`"a"`, `"b"`, `"f"`, `"\u0066"`, `"\u0061"`, `"f}"`, `"{\""`, `"\\"`, `""`, `"ä"`, `",\"f\":\"v\""`)
	}
	var b strings.Builder
	b.WriteString(space())
	switch kind := rnd.IntN(5); {
	case depth > 0 && kind < 3:
		b.WriteString("{" + space())
		for i, n := 0, rnd.IntN(4); i < n; i++ {
			b.WriteString(name() + space() + ":" + randomJSON(rnd, depth-1))
			if i < n-1 {
				b.WriteString("," + space())
			}
		}
		b.WriteString("}")
	case depth > 0 && kind == 3:
		b.WriteString("[" + space())
		for i, n := 0, rnd.IntN(3); i < n; i++ {
			b.WriteString(randomJSON(rnd, depth-1))
			if i < n-1 {
				b.WriteString(",")
			}
		}
		b.WriteString("]")
	default:
		b.WriteString(pick(name(), "null", "true", "-0", "1.50E+300", "123456789012345678901234567890", `"\ud83d\ude00\/"`, `"]}"`))
	}
	b.WriteString(space())
	return b.String()
}

func TestJSONFieldKeepsTheRest(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	objects := 0
	for range 20_000 {
		body := randomJSON(rnd, 4)
		if !json.Valid([]byte(body)) {
			t.Fatalf("the test writes %q", body)
		}
		if _, _, ok := members([]byte(body)); ok {
			objects++
		}
		checkSplice(t, body, false)
		checkSplice(t, body, true)
	}
	if objects < 1000 {
		t.Errorf("only %d objects", objects)
	}
}

// Whatever comes, the step agrees with encoding/json about what it is.
func FuzzJSONField(f *testing.F) {
	for _, body := range []string{
		`{}`, ` { } `, `{"a":1}`, `{"a":{ "b":[1,{}] }}`, `{"a":{},"a":{"f":1}}`, `{"\u0066":1}`, `{"a":"}\"","b":1e9 }`, `[]`, `{"f":null}`,
		`{"a":1,}`, `{`, `"`, ``, "\xef\xbb\xbf{}", `{"a":"\\"}`, `{"a":{"\u0066":2},"f":[]}`, `{"a":",\"f\":\"v\""}`, "{\"\xff\":1}",
	} {
		f.Add(body, false)
		f.Add(body, true)
	}
	f.Fuzz(checkSplice)
}
