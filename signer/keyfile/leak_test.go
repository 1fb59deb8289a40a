package keyfile_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/partnersign/partnersign/internal/paint"
	"github.com/partnersign/partnersign/signer/keyfile"
	"github.com/partnersign/partnersign/signer/keys"
)

// A sample is a file's content and what must not be shown of it.
type sample struct {
	content string
	secrets [][]byte
}

// samples are new keys of every algorithm in every format, and tokens.
func samples(t testing.TB) map[string]sample {
	t.Helper()
	all := map[string]sample{
		"opaque": {"canary-kGq8sPzXw2vTn5Rb", [][]byte{[]byte("canary-kGq8sPzXw2vTn5Rb")}},
		"JWT":    {token(`{"alg":"HS256","kid":"k"}`, `{"exp":1,"secret":"canary-kGq8sPzXw2vTn5Rb"}`), [][]byte{[]byte("canary-kGq8sPzXw2vTn5Rb"), []byte("a signature of whoever made it")}},
	}
	for _, a := range algorithms {
		_, file := generate(t, a)
		content := string(read(t, file))
		if a == keys.HMACSHA256 {
			secret, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(content))
			all["base64"] = sample{content, [][]byte{secret}}
			all["oct"] = sample{`{"kty":"oct","k":"` + base64.RawURLEncoding.EncodeToString(secret) + `","kid":"k"}`, [][]byte{secret}}
			continue
		}
		b, _ := pem.Decode([]byte(content))
		secrets := [][]byte{b.Bytes}
		all[string(a)+" DER"] = sample{string(b.Bytes), secrets}
		if key, err := x509.ParsePKCS8PrivateKey(b.Bytes); err == nil { // all but secp256k1
			secrets = append(secrets, parts(t, key)...)
			text, err := (&jose.JSONWebKey{Key: key, KeyID: "k"}).MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			all[string(a)+" JWK"] = sample{string(text), secrets}
			all[string(a)+" JWK set"] = sample{`{"keys":[` + string(text) + `]}`, secrets}
			switch key := key.(type) {
			case *ecdsa.PrivateKey:
				der, err := x509.MarshalECPrivateKey(key)
				if err != nil {
					t.Fatal(err)
				}
				all[string(a)+" SEC 1"] = sample{block("EC PRIVATE KEY", der), secrets}
			case *rsa.PrivateKey:
				all[string(a)+" PKCS #1"] = sample{block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), secrets}
			}
		}
		all[string(a)+" PKCS #8"] = sample{content, secrets}
	}
	return all
}

func parts(t testing.TB, key any) [][]byte {
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return [][]byte{key.Seed()}
	case *ecdsa.PrivateKey:
		d, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{d}
	case *rsa.PrivateKey:
		p := key.Precomputed
		return [][]byte{key.D.Bytes(), key.Primes[0].Bytes(), key.Primes[1].Bytes(), p.Dp.Bytes(), p.Dq.Bytes(), p.Qinv.Bytes()}
	}
	t.Fatalf("%T", key)
	return nil
}

// shown is how many characters in a row of a secret's spelling give it away.
const shown = 8

// spellings are the secret as it is, in hexadecimal digits and in both alphabets
// of base64, wherever it begins in what is encoded.
func spellings(secret []byte) []string {
	all := []string{string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret))}
	for shift := range 3 {
		part := secret[shift:]
		part = part[:len(part)/3*3]
		all = append(all, base64.StdEncoding.EncodeToString(part), base64.URLEncoding.EncodeToString(part))
	}
	return all
}

// clues are the parts of secrets that give them away.
func clues(secrets ...[]byte) map[string]bool {
	all := map[string]bool{}
	for _, secret := range secrets {
		for _, spelling := range spellings(secret) {
			for i := 0; i+shown <= len(spelling); i++ {
				all[spelling[i:i+shown]] = true
			}
		}
	}
	return all
}

// leak is the clue that is in output.
func leak(output string, clues map[string]bool) string {
	for i := 0; i+shown <= len(output); i++ {
		if clues[output[i:i+shown]] {
			return output[i : i+shown]
		}
	}
	return ""
}

func everything(t testing.TB, items []keyfile.Item) string {
	t.Helper()
	text, err := json.Marshal(items)
	if err != nil {
		t.Fatal(err)
	}
	output := string(text)
	for _, i := range items {
		output += i.Text(now, paint.Paint(true))
	}
	return output
}

// Nothing private is shown of any key or token, whole or damaged.
func TestReadShowsNoSecret(t *testing.T) {
	for name, s := range samples(t) {
		t.Run(name, func(t *testing.T) {
			content, clues := s.content, clues(s.secrets...)
			for step, n := len(content)/12+1, 0; n <= len(content); n += step {
				for _, variant := range []string{
					content[:n], content[n:], content[:n] + "\n" + content[n:], content[:n] + "!" + content[n:],
					"Bearer " + content[n:], content + content[:n], `{"keys":[` + content[:n] + `]}`, `{"kty":"oct","k":7,"x":"` + content[:n] + `"}`,
				} {
					if found := leak(everything(t, keyfile.Read([]byte(variant), now)), clues); found != "" {
						t.Fatalf("%q is shown of %q", found, variant)
					}
				}
			}
		})
	}
}

// The search would find a secret.
func TestLeakIsFound(t *testing.T) {
	secret := []byte("canary-kGq8sPzXw2vTn5Rb")
	for _, output := range []string{
		"x" + string(secret[5:]) + "x", hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(append([]byte("a"), secret...)),
		base64.RawURLEncoding.EncodeToString(append([]byte("ab"), secret...)),
	} {
		if leak(output, clues(secret)) == "" {
			t.Errorf("%s is not found", output)
		}
	}
}
