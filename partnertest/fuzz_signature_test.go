package partnertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"
)

// FuzzParseInput: what is read as an input has the components and parameters that
// httpsfv reads in it.
func FuzzParseInput(f *testing.F) {
	for _, seed := range []string{
		`("@method" "@path");created=1618884473;keyid="a"`, `()`, `("x";sf "y";key="a;\" b" "@query-param";name="p");alg="x";tag="t"`, `("a" "a")`, `("A")`, `("a"`,
		`("a")x`, `("a\"b")`, `("a"  "b")`, `("x";bs);nonce="a, b"`, `(a)`, `("");x`, `("a";key="b";key="c")`, `"a"`, `("a");created`, `("a\")`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := parseInput(text)
		if err != nil {
			return
		}
		dictionary, err := httpsfv.UnmarshalDictionary([]string{"sig1=" + text})
		if err != nil {
			return // the parser is made for well-formed text
		}
		member, _ := dictionary.Get("sig1")
		list, ok := member.(httpsfv.InnerList)
		if !ok || len(dictionary.Names()) != 1 {
			return
		}
		var names, want []string
		for _, c := range in.components {
			names = append(names, c.name)
		}
		for _, item := range list.Items {
			name, _ := item.Value.(string)
			want = append(want, name)
		}
		if !slices.Equal(names, want) {
			t.Fatalf("%s: components %q, want %q", text, names, want)
		}
		for _, name := range list.Params.Names() {
			if _, ok := in.param(name); !ok {
				t.Fatalf("%s: the parameter %s is not found", text, name)
			}
		}
	})
}

// FuzzMembers: the members of a dictionary are those that httpsfv reads, when both
// read one, and their text is part of the field.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`sig1=:AAAA:, b=("x" "y");a="1, 2"`, `a="q\"u,o",b=1`, `a=1,a=2`, `a`, `a=(1 2), b=?0`, ``, `,`, `a=1,`, `a=")", b="("`, "a=1 ,\tb=2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := members(text)
		dictionary, invalid := httpsfv.UnmarshalDictionary([]string{text})
		if err != nil || invalid != nil {
			return
		}
		var names []string
		for _, member := range got {
			names = append(names, member[0])
			if !strings.Contains(text, member[0]+"="+member[1]) {
				t.Fatalf("%q: %q is not in it", text, member)
			}
			value, err := httpsfv.UnmarshalDictionary([]string{"x=" + member[1]})
			if err != nil {
				t.Fatalf("%q: %q: %v", text, member, err)
			}
			mine, _ := value.Get("x")
			theirs, _ := dictionary.Get(member[0])
			a, _ := httpsfv.Marshal(mine.(httpsfv.StructuredFieldValue))
			if b, _ := httpsfv.Marshal(theirs.(httpsfv.StructuredFieldValue)); a != b {
				t.Fatalf("%q: %q reads as %s, want %s", text, member, a, b)
			}
		}
		if !slices.Equal(names, dictionary.Names()) {
			t.Fatalf("%q: members %q, want %q", text, names, dictionary.Names())
		}
	})
}
