package signer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLookupJSON(t *testing.T) {
	// The example of RFC 6901 section 5, with strings and numbers only.
	const rfc = `{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}`
	for _, test := range []struct {
		data, pointer, want string // "": there is none
	}{
		{rfc, "/foo/0", "bar"},
		{rfc, "/foo/1", "baz"},
		{rfc, "/", "0"},
		{rfc, "/a~1b", "1"},
		{rfc, "/c%d", "2"},
		{rfc, "/e^f", "3"},
		{rfc, "/g|h", "4"},
		{rfc, `/i\j`, "5"},
		{rfc, `/k"l`, "6"},
		{rfc, "/ ", "7"},
		{rfc, "/m~0n", "8"},
		{rfc, "/foo", ""},
		{rfc, "/foo/2", ""},
		{rfc, "/foo/-", ""},
		{rfc, "/foo/-1", ""},
		{rfc, "/foo/+1", ""},
		{rfc, "/foo/01", ""},
		{rfc, "/foo/0/0", ""},
		{rfc, "/fo", ""},
		{rfc, "/Foo/0", ""},
		{rfc, "/a~01b", ""},
		{`{"a": {"b": {"c": "d"}}}`, "/a/b/c", "d"},
		{" \n{ \"a\" :\t[ [ ] , { } , { \"b\" : -1.50e+3 } ] }\r\n", "/a/2/b", "-1.50e+3"},
		{`{"x": "}]\"{", "y": [{"a": 1}, "]"], "a": 2}`, "/a", "2"},
		{`{"x": {"a": 1}, "y": "a"}`, "/a", ""},
		{`{"a": 1, "a": 2}`, "/a", "2"}, // as most parsers have it
		{`{"\u0061": "\u00e4\n"}`, "/a", "ä\n"},
		{`{"a": 12345678901234567890}`, "/a", "12345678901234567890"},
		{`{"a": ""}`, "/a", ""},
		{`{"a": null, "b": true, "c": {}, "d": []}`, "/a", ""},
		{`{"a": null, "b": true, "c": {}, "d": []}`, "/b", ""},
		{`{"a": null, "b": true, "c": {}, "d": []}`, "/c", ""},
		{`{"a": null, "b": true, "c": {}, "d": []}`, "/d/0", ""},
		{`{}`, "/a", ""},
		{`[]`, "/0", ""},
		{`[[1,2],[3]]`, "/1/0", "3"},
		{`"a"`, "/a", ""},
		{`0`, "/", ""},
		{`true`, "/0", ""},
	} {
		got, ok, err := lookupJSON([]byte(test.data), test.pointer)
		if got != test.want || ok != (test.want != "") || err != nil {
			t.Errorf("%s of %s: %q, %t, %v, want %q", test.pointer, test.data, got, ok, err, test.want)
		}
	}
	for _, data := range []string{"", " ", "a=1", `{"a": 1`, `{"a": 1}}`, `{"a": 1} {}`, "{'a': 1}", `{"a": 01}`, "\xef\xbb\xbf{}", `{"a": "` + "\n" + `"}`} {
		if value, ok, err := lookupJSON([]byte(data), "/a"); ok || err == nil {
			t.Errorf("%q is taken for JSON: %q", data, value)
		}
	}
}

// A field is found as encoding/json finds it, in whatever JSON.
func FuzzLookupJSON(f *testing.F) {
	for _, data := range []string{`{"a": 1}`, `{"a":{"a":[{}]},"b":"}","a":"\"]"}`, `[{"a":1},[2,[]]]`, ` {"\u0061":-1.5e3 , "b" : null} `, `{"a":"\\"}`} {
		f.Add([]byte(data), "a")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		var members map[string]json.RawMessage
		if strings.ContainsAny(name, "/~") || !utf8.Valid(data) || json.Unmarshal(data, &members) != nil || members == nil {
			_, _, _ = lookupJSON(data, "/"+name) // and must not panic
			return
		}
		want := ""
		if raw, ok := members[name]; ok {
			if raw[0] == '"' {
				_ = json.Unmarshal(raw, &want)
			} else if raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' {
				want = string(raw)
			}
		}
		if got, ok, err := lookupJSON(data, "/"+name); got != want || ok != (want != "") || err != nil {
			t.Errorf("/%s of %s: %q, %t, %v, want %q", name, data, got, ok, err, want)
		}
	})
}

// Only bodies are counted as memory: looking into one must not take many times
// as much.
func TestLookupJSONTakesNoMemory(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, `"%d":{},`, i)
	}
	data := []byte(`{"a":[[{` + b.String() + `"id":"found"}]]}`)
	allocs := testing.AllocsPerRun(1, func() {
		if value, _, _ := lookupJSON(data, "/a/0/0/id"); value != "found" {
			t.Errorf("found %q", value)
		}
	})
	if allocs > 100 {
		t.Errorf("%v allocations", allocs)
	}
}
