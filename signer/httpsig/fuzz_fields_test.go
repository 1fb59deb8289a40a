package httpsig

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dunglas/httpsfv"
)

// FuzzStrict: the strict form of a field is printable, has only spaces that
// count, is its own strict form and is that of the same field cut into lines.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{
		"1", "-0.0", "00.10", `"a\"b"`, "a;b;c=?0", ":aGk=:", ":aGk:", "@1659578233", `%"caf%c3%a9"`, "(a  b;c);d, e", "a=1,  b, c=(1 2);x", "a=1, a=2",
		"", ",", "a,", "a=", "(", "?2", "999999999999.999", "1000000000000000", "%\"%FF\"", "a;\t", "*", "a=@1.5", "é", "\x00",
	} {
		f.Add("x", seed)
		f.Add("priority", seed)
	}
	f.Add("content-digest", "sha-256=:AAAA:,sha-512=:BBBB:")
	f.Fuzz(func(t *testing.T, name, text string) {
		got, err := strict(name, []string{text})
		if err != nil {
			return
		}
		if !printable(got) || strings.TrimSpace(got) != got || strings.Contains(got, "=-0.0") {
			t.Fatalf("%q: %q", text, got)
		}
		if got == "" { // a list without members, which is not sent
			return
		}
		if again, err := strict(name, []string{got}); again != got || err != nil {
			t.Fatalf("%q: %q, and again %q, %v", text, got, again, err)
		}
		if first, rest, ok := strings.Cut(text, ","); ok && !strings.ContainsAny(first, `"(`) && first != "" {
			if lines, err := strict(name, []string{first, rest}); lines != got || err != nil {
				t.Fatalf("%q: %q, and in two lines %q, %v", text, got, lines, err)
			}
		}
	})
}

// FuzzQueryParam compares with net/url where both take a query.
func FuzzQueryParam(f *testing.F) {
	for _, seed := range [][2]string{
		{"page=1&a=2", "page"}, {"a=1&a=2", "a"}, {"a+b=c+d%20e", "a b"}, {"%C3%A9=%e2%82%ac", "é"}, {"a", "a"}, {"=x", ""}, {"a=%zz", "a"}, {"a=%FF", "a"},
		{"&&a=b=c", "a"}, {"a=1;b=2", "a"}, {"%61=1&a=2", "a"}, {"a=%", "a"}, {"a=\n", "a"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, query, name string) {
		got, found, err := queryParam(nil, query, name)
		encoded := string(got)
		if strings.Trim(encoded, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._%") != "" {
			t.Fatalf("%q in %q: %q", name, query, encoded)
		}
		values, invalid := url.ParseQuery(query)
		if invalid != nil || name == "" || slices.Contains(strings.Split(query, "&"), "") {
			return
		}
		switch want := values[name]; {
		case len(want) == 0:
			if found || err != nil {
				t.Fatalf("%q in %q: found %q, %v", name, query, encoded, err)
			}
		case len(want) > 1, !utf8.ValidString(want[0]):
			if err == nil {
				t.Fatalf("%q in %q: %q, want an error", name, query, encoded)
			}
		default:
			if decoded, bad := url.QueryUnescape(encoded); !found || err != nil || bad != nil || decoded != want[0] {
				t.Fatalf("%q in %q: %q, %v, want %q", name, query, encoded, err, want[0])
			}
		}
	})
}

// FuzzKeep: signatures of a client that are kept come out as they came in, each
// under its label, and the proxy's is beside them.
func FuzzKeep(f *testing.F) {
	for _, seed := range [][2]string{
		{`own=("@path")`, "own=:AAAA:"}, {"", ""}, {" ", ""}, {`a=(), b=();x`, "b=:AA==:, a=:AA==:"}, {"a", "a"}, {`a=("x, sig1=y")`, `a="sig1=:AAAA:"`},
		{"sig1=()", "sig1=:AAAA:"}, {"a=(),", "a=:AAAA:,"}, {"a=1,a=2", "a=1,\ta=2"}, {`a=("é")`, "a=::"},
	} {
		f.Add(seed[0], seed[1])
	}
	s := newSignature(f, Options{Label: "sig1", Keep: true}, "@method")
	f.Fuzz(func(t *testing.T, input, signature string) {
		r := request("GET", "/")
		r.Header = http.Header{"Signature-Input": {input}, "Signature": {signature}}
		if s.Apply(t.Context(), r) != nil {
			return
		}
		for name, before := range map[string]string{"Signature-Input": input, "Signature": signature} {
			lines := r.Header[name]
			own, err := httpsfv.UnmarshalDictionary([]string{before})
			all, err2 := httpsfv.UnmarshalDictionary(lines)
			if err != nil || err2 != nil || len(lines) != 1 {
				t.Fatalf("%s: %q became %q: %v, %v", name, before, lines, err, err2)
			}
			if want := append(own.Names(), "sig1"); !slices.Equal(all.Names(), want) || slices.Contains(own.Names(), "sig1") {
				t.Fatalf("%s: labels %q of %q, want %q", name, all.Names(), lines, want)
			}
			if !strings.HasPrefix(lines[0], before) && strings.Trim(before, " ") != "" {
				t.Fatalf("%s: %q became %q", name, before, lines[0])
			}
		}
	})
}
