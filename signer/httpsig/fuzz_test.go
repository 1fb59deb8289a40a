package httpsig

import (
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"
)

// FuzzBase: nothing that a client sends adds, removes or changes a line of the
// signature base, and what was signed is the base that the headers that go
// out describe.
func FuzzBase(f *testing.F) {
	f.Add("GET", "/a", "page=1", "value", "a=1, b=2")
	f.Add("POST", "/%2e", "page=%0A", "x\n\"@method\": DELETE", "a=\"\n\"")
	f.Add("P\nOST", "/", "page=1&page=2", "\xff", "a")
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	spelled := []string{
		"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query", "@query-param;name=page?",
		"x-value?", "x-value;bs?", "x-dict;key=a?",
	}
	f.Fuzz(func(t *testing.T, method, path, query, header, dict string) {
		s := newSignature(t, Options{Key: newKey(t, private)}, spelled...)
		r := request(method, "/")
		r.Path, r.Query, r.HasQuery = path, query, query != ""
		r.Header = http.Header{"X-Value": {header, header}, "X-Dict": {dict}}
		base, params, err := s.appendBase(nil, r, "test", nil)
		if err != nil {
			return
		}
		input := string(base[params:])
		lines := strings.Split(string(base), "\n")
		ids := coveredIDs(t, input)
		if len(lines) != len(ids)+1 || lines[len(ids)] != `"@signature-params": `+input {
			t.Fatalf("%d lines for %d components and the parameters:\n%s", len(lines), len(ids), base)
		}
		for i, id := range ids {
			if !strings.HasPrefix(lines[i], id+": ") {
				t.Fatalf("line %q is not that of %s", lines[i], id)
			}
		}
		for i, b := range base {
			if b != '\n' && b != '\t' && (b < ' ' || b > '~') {
				t.Fatalf("byte %d is %#x", i, b)
			}
		}
		if err := s.Apply(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Signature-Input"); got != "sig1="+input {
			t.Fatalf("Signature-Input %s, base has %s", got, input)
		}
		signed := parseSignature(t, r.Header.Get("Signature"))
		if !ed25519.Verify(private.Public().(ed25519.PublicKey), base, signed) {
			t.Fatal("the signature is not over the base")
		}
	})
}

// coveredIDs are the components of a Signature-Input member, in its order.
func coveredIDs(t testing.TB, input string) (ids []string) {
	t.Helper()
	dictionary, err := httpsfv.UnmarshalDictionary([]string{"sig1=" + input})
	if err != nil {
		t.Fatal(err)
	}
	member, _ := dictionary.Get("sig1")
	for _, item := range member.(httpsfv.InnerList).Items {
		id, err := httpsfv.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}
