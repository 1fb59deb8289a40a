package keys

import (
	"crypto"
	"crypto/sha256"
	"encoding/pem"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// FuzzParseKey holds parsing to this: it does not panic, its errors are made of
// the package's own words, and a key that it returns can sign.
func FuzzParseKey(f *testing.F) {
	names, err := filepath.Glob("testdata/test-*")
	if err != nil || len(names) == 0 {
		f.Fatal("no test data", err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, "", "", uint8(FormatAuto))
		f.Add(content, "ecdsa-secp256k1-sha256", "", uint8(FormatAuto))
	}
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a","alg":"EdDSA"}`), "", "a", uint8(FormatAuto))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0","use":"sig"},{"kty":"RSA","n":"AQAB","e":"AQAB","key_ops":["verify"]}]}`), "hmac-sha256", "", uint8(FormatAuto))
	f.Add([]byte("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), "ed25519", "", uint8(FormatHex))
	f.Add([]byte("secret"), "", "", uint8(FormatText))

	words := literals(f)
	f.Fuzz(func(t *testing.T, content []byte, algorithm, kid string, format uint8) {
		o := KeyOptions{Algorithm: Algorithm(algorithm), KeyID: kid, Format: Format(format % 4)}
		if schemeOf(o.Algorithm) == nil {
			o.Algorithm = "" // as Loader.Key sees to
		}
		m, err := parseKey(content, o)
		if err != nil {
			checkEcho(t, err.Error(), string(content), words)
			return
		}
		if o.Algorithm != "" && m.scheme.algorithm != o.Algorithm {
			t.Errorf("a key for %s instead of %s", m.scheme.algorithm, o.Algorithm)
		}
		if _, err := m.key.Sign(nil, content, time.Time{}, DER); err != nil {
			t.Errorf("the key cannot sign: %v", err)
		}
	})
}

// FuzzParseSecp256k1 holds the parser of a curve that crypto/x509 does not know
// to this: it does not panic, and what it takes for a key makes signatures that
// the public half verifies.
func FuzzParseSecp256k1(f *testing.F) {
	for _, name := range []string{"testdata/test-key-secp256k1.key.pem", "testdata/test-key-secp256k1.pkcs8.pem", "testdata/test-key-ecc-p256.key.pem"} {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
			f.Add(block.Bytes)
		}
	}
	f.Add([]byte("\x30\x25\x02\x01\x01\x04\x20" + strings.Repeat("\xff", 32)))
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, parse := range []func([]byte) (privateKey, error){parseSecp256k1, parseSEC1, parsePKCS8} {
			p, err := parse(der)
			s, ok := p.signer.(secp256k1Signer)
			if err != nil || !ok {
				continue
			}
			digest := sha256.Sum256(der)
			sig, err := s.Sign(nil, digest[:], crypto.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := ecdsa.ParseDERSignature(sig)
			if err != nil || !parsed.Verify(digest[:], s.key.PubKey()) {
				t.Errorf("the signature does not verify: %v", err)
			}
		}
	})
}

// checkEcho fails if message has eight bytes of the input that are not in the
// source code.
func checkEcho(t *testing.T, message, input string, words []string) {
	const least = 8
	for i := 0; i+least <= len(message); i++ {
		window := message[i : i+least]
		if !strings.Contains(input, window) {
			continue
		}
		own := false
		for _, word := range words {
			own = own || strings.Contains(word, window)
		}
		if !own {
			t.Errorf("the error %q repeats %q", message, window)
		}
	}
}

// literals returns the string literals of the package.
func literals(f *testing.F) []string {
	names, err := filepath.Glob("*.go")
	if err != nil {
		f.Fatal(err)
	}
	var found []string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			f.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
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

// FuzzReference holds references to this: what is one prints as it was written,
// and the error of what is none says nothing about it.
func FuzzReference(f *testing.F) {
	for _, s := range []string{"{env.NAME}", "{file./run/secrets/token}", "/run/secrets/key.pem", "{file.token}", "{env.A}{env.B}", "{$NAME}", "a {time.now.unix} b", `\{`, "{", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := parseReference(s); err == nil {
			if r.String() != s || (r.env == "") == (r.path == "") {
				t.Errorf("%q became %q", s, r)
			}
			return // do not read whatever file it names
		} else if err != errReference {
			t.Errorf("error %q", err)
		}
		if _, err := new(Loader).Secret(s); err != errReference {
			t.Errorf("error %q", err)
		}
		if r, err := parseKeyReference(s); err == nil {
			if r.path != s {
				t.Errorf("%q became %q", s, r)
			}
		} else if err != errKeyReference {
			t.Errorf("error %q", err)
		}
		if strings.Contains(s, "{file.") || strings.Contains(s, "{env.") {
			return
		}
		text, err := new(Loader).Text(s)
		if err != nil {
			if err != errPlaceholder {
				t.Errorf("error %q", err)
			}
			return
		}
		value, err := text.Value(time.Unix(0, 0))
		if literal, ok := text.Literal(); err != nil || ok && literal != value || ok && literal != strings.ReplaceAll(s, `\{`, "{") {
			t.Errorf("%q became %q, %q, %v", s, literal, value, err)
		}
	})
}
