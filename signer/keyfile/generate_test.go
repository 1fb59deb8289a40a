package keyfile_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secpecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/partnersign/partnersign/signer/keyfile"
	"github.com/partnersign/partnersign/signer/keys"
)

var algorithms = []keys.Algorithm{
	keys.Ed25519, keys.ECDSAP256SHA256, keys.ECDSAP384SHA384, keys.ECDSAP521SHA512,
	keys.RSAPSSSHA512, keys.RSAv15SHA256, keys.ECDSASecp256k1SHA256, keys.HMACSHA256,
}

// A key of every algorithm loads as the server loads it, and what it signs
// verifies with the public half that was told.
func TestGeneratedKeySigns(t *testing.T) {
	message := []byte("message")
	for _, a := range algorithms {
		t.Run(string(a), func(t *testing.T) {
			pair, file := generate(t, a)
			key, err := new(keys.Loader).Key(file, keys.KeyOptions{Algorithm: a})
			if err != nil {
				t.Fatal(err)
			}
			encoding := keys.Raw
			if a == keys.ECDSASecp256k1SHA256 {
				encoding = keys.DER
			}
			signature, err := key.Sign(nil, message, time.Now(), encoding)
			if err != nil {
				t.Fatal(err)
			}
			if !verifies(t, a, pair.Public, read(t, file), message, signature) {
				t.Error("the signature does not verify")
			}
		})
	}
}

func verifies(t *testing.T, a keys.Algorithm, public crypto.PublicKey, private, message, signature []byte) bool {
	sum := sha256.Sum256(message)
	long := sha512.Sum512(message)
	switch public := public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, message, signature)
	case *ecdsa.PublicKey:
		digest := map[keys.Algorithm]crypto.Hash{keys.ECDSAP256SHA256: crypto.SHA256, keys.ECDSAP384SHA384: crypto.SHA384, keys.ECDSAP521SHA512: crypto.SHA512}[a].New()
		digest.Write(message)
		return ecdsa.VerifyASN1(public, digest.Sum(nil), derOf(t, signature))
	case *rsa.PublicKey:
		if a == keys.RSAv15SHA256 {
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) == nil
		}
		return rsa.VerifyPSS(public, crypto.SHA512, long[:], signature, nil) == nil
	case *secp256k1.PublicKey:
		parsed, err := secpecdsa.ParseDERSignature(signature)
		return err == nil && parsed.Verify(sum[:], public)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(private)))
	if err != nil || len(secret) != 64 || public != nil {
		t.Fatalf("a secret of %d bytes, %v", len(secret), err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(message)
	return hmac.Equal(mac.Sum(nil), signature)
}

// openssl finds nothing wrong with the keys and makes the same public half.
func TestOpenSSLReadsGeneratedKey(t *testing.T) {
	for _, a := range algorithms {
		if a == keys.HMACSHA256 {
			continue
		}
		t.Run(string(a), func(t *testing.T) {
			pair, file := generate(t, a)
			openssl(t, "pkey", "-in", file, "-check", "-noout")
			public := openssl(t, "pkey", "-in", file, "-pubout")
			if got := form(t, pair, keyfile.PEM, ""); got != public {
				t.Errorf("the public key is\n%s\nand openssl says\n%s", got, public)
			}
			decoded, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(form(t, pair, keyfile.Base64, ""), "\n"))
			if err != nil || string(decoded) != public {
				t.Errorf("the base64 is of %q, %v", decoded, err)
			}
		})
	}
}

func TestGenerateRSASizes(t *testing.T) {
	pair, err := keyfile.Generate(keys.RSAv15SHA256, 3072)
	if err != nil || pair.Public.(*rsa.PublicKey).N.BitLen() != 3072 {
		t.Error(err)
	}
	for _, bits := range []int{-1, 1, 1024, 2047, 2049, 4104, 1 << 40} {
		if _, err := keyfile.Generate(keys.RSAPSSSHA512, bits); err == nil || !strings.Contains(err.Error(), "2048 to 4096") {
			t.Errorf("%d bits: %v", bits, err)
		}
	}
	if _, err := keyfile.Generate(keys.Ed25519, 2048); err == nil {
		t.Error("an Ed25519 key of 2048 bits")
	}
	if _, err := keyfile.Generate("ed448", 0); err == nil {
		t.Error("an unknown algorithm")
	}
}

// Only WritePrivate gives the private half away.
func TestPairDoesNotPrint(t *testing.T) {
	pair, file := generate(t, keys.HMACSHA256)
	secret := strings.TrimSpace(string(read(t, file)))
	asJSON, err := json.Marshal(pair)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		if got := fmt.Sprintf(verb, pair); got != "[key]" {
			t.Errorf("%s printed %q", verb, got)
		}
		if got := fmt.Sprintf(verb, *pair); strings.Contains(got, secret) {
			t.Errorf("%s printed %q", verb, got)
		}
	}
	if bytes.Contains(asJSON, []byte(secret)) {
		t.Errorf("JSON is %s", asJSON)
	}
}

func generate(t testing.TB, a keys.Algorithm) (*keyfile.Pair, string) {
	t.Helper()
	pair, err := keyfile.Generate(a, 0)
	if err != nil {
		t.Fatal(err)
	}
	var private bytes.Buffer
	if err := pair.WritePrivate(&private); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, private.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return pair, file
}

func form(t testing.TB, pair *keyfile.Pair, f keyfile.Form, keyID string) string {
	t.Helper()
	text, err := keyfile.WritePublic(pair.Public, f, keyID)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func openssl(t testing.TB, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("there is no openssl on this machine")
	}
	output, err := exec.Command("openssl", args...).Output()
	if err != nil {
		t.Fatalf("openssl %s: %v", strings.Join(args, " "), err)
	}
	return string(output)
}
