package capture

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	for _, test := range []struct{ pointer, in, out string }{
		{"/t", `{"t":1}`, `{}`},
		{"/t", ` { "t" : 1 } `, ` {  } `},
		{"/t", `{"t":1,"a":2}`, `{"a":2}`},
		{"/t", `{ "t" : 1 , "a":2 }`, `{ "a":2 }`},
		{"/t", `{"a":2,"t":1}`, `{"a":2}`},
		{"/t", `{ "a":2 , "t":1 }`, `{ "a":2 }`},
		{"/t", `{"a":1,"t":"}],\"","b":2}`, `{"a":1,"b":2}`},
		{"/t", `{"t":1,"t":2,"t":{"t":3}}`, `{}`},
		{"/t", `{"t":1,"a":1,"t":2,"t":3,"b":1,"t":4,"t":5}`, `{"a":1,"b":1}`},
		{"/t", "{\n\t\"a\": 1,\r\n\t\"t\": \"x\"\n}", "{\n\t\"a\": 1\n}"},
		{"/t", `{"\u0074":1,"a":1}`, `{"a":1}`},
		{"/t", `{"a":{"t":1},"b":["t"],"T":1}`, `{"a":{"t":1},"b":["t"],"T":1}`},
		{"/a/t", `{"a":{"t":1},"t":2,"a":{"b":1,"t":2},"a":[{"t":1}]}`, `{"a":{},"t":2,"a":{"b":1},"a":[{"t":1}]}`},
		{"/a/0/t", `{"a":[{"t":1},{"t":1}]}`, `{"a":[{},{"t":1}]}`},
		{"/a~1b/t~0", `{"a/b":{"t~":1}}`, `{"a/b":{}}`},
		{"/", `{"":1,"a":""}`, `{"a":""}`},
		{"/0", `[1,[2],3]`, `[[2],3]`},
		{"/t", `"t"`, `"t"`},
		{"/t", `1`, `1`},
		{"/t", `null`, `null`},
		{"/t/x", `{"t":"x"}`, `{"t":"x"}`},
	} {
		p, err := parsePointer(test.pointer)
		if err != nil {
			t.Fatal(err)
		}
		in := []byte(test.in)
		if got := p.cut(in); string(got) != test.out || string(in) != test.in {
			t.Errorf("%s out of %s: %s, want %s", test.pointer, test.in, got, test.out)
		}
	}
}

// token is one step of encoding/json's way through a document.
type token struct {
	depth int
	text  string
}

// without is what encoding/json sees in data, except for what is at p.
func without(t *testing.T, data []byte, p pointer) (seen []token) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	next := func() json.Token {
		tok, err := dec.Token()
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		return tok
	}
	var value func(depth int, at []string, hidden bool)
	value = func(depth int, at []string, hidden bool) {
		note := func(tok json.Token) {
			text, err := json.Marshal(tok)
			if d, ok := tok.(json.Delim); ok {
				text, err = []byte(d.String()), nil
			}
			if err != nil {
				t.Fatal(err)
			}
			if !hidden {
				seen = append(seen, token{depth, string(text)})
			}
		}
		tok := next()
		note(tok)
		switch tok {
		case json.Delim('{'):
			for dec.More() {
				name := next().(string)
				below := append(slices.Clip(at), name)
				hides := hidden || slices.Equal(below, p)
				if !hides {
					seen = append(seen, token{depth, "name " + name})
				}
				value(depth+1, below, hides)
			}
			note(next())
		case json.Delim('['):
			for dec.More() {
				value(depth+1, append(slices.Clip(at), "[]"), hidden) // no pointer of the test has that
			}
			note(next())
		}
	}
	value(0, nil, false)
	return seen
}

// Nothing goes but what is asked for, and all of that.
func FuzzCut(f *testing.F) {
	for _, seed := range []string{
		minted, `{"t":1,"t":2}`, ` {"a" : {"t":[1,{"t":2}] , "x":1e5}, "a":{"t":""}}`, `[{"t":1}]`, `{"\u0074":"\ud800","\u0061":{"\u0074":1}}`,
		"{\"\xff\":1}", `{"a":[],"t":{}}`, `"\\\""`, `{"t":"\\","b":"\"t\":1"}`, `-0.0E+1`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, deep bool) {
		if !json.Valid(data) {
			return
		}
		p := pointer{"t"}
		if deep {
			p = pointer{"a", "t"}
		}
		before := bytes.Clone(data)
		got := p.cut(data)
		if !bytes.Equal(before, data) {
			t.Fatal("it has written into its argument")
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q", data, got)
		}
		if want, seen := without(t, data, p), without(t, got, pointer{"no such"}); !slices.Equal(want, seen) {
			t.Fatalf("%q became %q: %v, want %v", data, got, seen, want)
		}
		if p.find(got) != nil {
			t.Fatalf("%q became %q, where it can be found", data, got)
		}
		if !isSubsequence(got, data) {
			t.Fatalf("%q became %q, which has bytes of its own", data, got)
		}
		if p.find(data) == nil && !deep && !bytes.Equal(got, data) {
			t.Fatalf("%q became %q for nothing", data, got)
		}
	})
}

func isSubsequence(part, whole []byte) bool {
	for _, b := range part {
		i := bytes.IndexByte(whole, b)
		if i < 0 {
			return false
		}
		whole = whole[i+1:]
	}
	return true
}

// What is found is what encoding/json finds, the last of its name.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{minted, `{"t":1,"t":2}`, `{"a":{"t":1},"a":2}`, `{"t":"\u0000é"}`, ` [1] `, `{"a":{"b":1},"a":{"t":null}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		for _, p := range []pointer{{"t"}, {"a", "t"}} {
			value := json.RawMessage(data)
			for _, name := range p {
				var object map[string]json.RawMessage
				if bytes.HasPrefix(bytes.TrimSpace(value), []byte("{")) {
					if err := json.Unmarshal(value, &object); err != nil {
						t.Fatal(err)
					}
				}
				value = object[name]
				if value == nil {
					break
				}
			}
			if got := p.find(data); !bytes.Equal(got, value) {
				t.Fatalf("%v of %q is %q, want %q", p, data, got, value)
			}
			var text string
			if json.Unmarshal(value, &text) != nil {
				text = ""
			}
			if got := p.findText(data); got != text {
				t.Fatalf("%v of %q is the text %q, want %q", p, data, got, text)
			}
		}
	})
}

const minted = `{ "sessionToken": "dft_1", "a": {"t": 1.0}, "t": "x\n", "flow": {"id": "f1"} }`

// A hostile answer costs no more than its length.
func TestCutIsLinear(t *testing.T) {
	many := "{" + strings.Repeat(`"t":1,"a":2,`, 80_000) + `"t":1}`
	got := pointer{"t"}.cut([]byte(many))
	if want := "{" + strings.TrimSuffix(strings.Repeat(`"a":2,`, 80_000), ",") + "}"; string(got) != want {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	deep := strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000)
	if got := (pointer{"a", "t"}).cut([]byte(deep)); string(got) != deep {
		t.Error("a deep document was changed")
	}
}
