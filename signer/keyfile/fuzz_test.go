package keyfile_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/partnersign/partnersign/internal/paint"
	"github.com/partnersign/partnersign/signer/keyfile"
)

// FuzzRead holds reading to this: it does not panic, says something of all that
// it is given, shows nothing that a terminal would obey, and its notes and
// problems are made of the package's own words.
func FuzzRead(f *testing.F) {
	for _, s := range samples(f) {
		f.Add([]byte(s.content))
	}
	for _, text := range []string{"", "{}", `{"keys":[{}]}`, `{"kty":"EC","crv":"secp256k1","x":"AQ","y":"AQ"}`, "-----BEGIN X-----\n", "Bearer a.b.c\n\n", "\x30\x01\xff"} {
		f.Add([]byte(text))
	}
	words := literals(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		items := keyfile.Read(content, now)
		if len(items) == 0 {
			t.Error("nothing is said")
		}
		for _, i := range items {
			text := strings.ReplaceAll(i.Text(now, paint.Paint(false)), "\n", "")
			if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("shown: %q", text)
			}
			for _, own := range []string{string(i.Kind), i.Format, i.Note, i.Problem} {
				if !slices.Contains(words, own) {
					t.Errorf("not our own words: %q", own)
				}
			}
			if _, err := json.Marshal(i); err != nil {
				t.Error(err)
			}
		}
	})
}

// literals are the string literals of the packages that have something to say, and
// what one of them is part of.
func literals(f *testing.F) []string {
	here, err := filepath.Glob("*.go")
	if err != nil {
		f.Fatal(err)
	}
	keys, err := filepath.Glob("../keys/*.go")
	if err != nil || len(here) == 0 || len(keys) == 0 {
		f.Fatal("no sources", err)
	}
	found := []string{"", `the JWK's "alg" is not supported: it may be left out, or one of EdDSA, Ed25519, ES256, ES384, ES512, PS512, RS256, HS256`}
	for _, name := range append(here, keys...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			f.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == gotoken.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					f.Fatal(err)
				}
				found = append(found, text)
			}
			return true
		})
	}
	return found
}
