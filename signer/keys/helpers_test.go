package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace renames a new file over path, as careful writers do.
func replace(t testing.TB, path, content string) {
	t.Helper()
	write(t, path+".new", content)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// tempFile returns the path of a new file with that content.
func tempFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, content)
	return path
}

func loadKey(t testing.TB, content string, o keys.KeyOptions) (*keys.Key, error) {
	t.Helper()
	return new(keys.Loader).Key(tempFile(t, content), o)
}

// wantError fails unless err mentions every part.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not mention %q", err, part)
		}
	}
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(key any) string {
	return pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))
}

func newEd25519() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(nil)
	return must(key, err)
}

var (
	edKey   = newEd25519()
	p256Key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384Key = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521Key = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	rsaKey  = must(rsa.GenerateKey(rand.Reader, 2048))
)

// verify checks a signature with the standard library alone.
func verify(public crypto.PublicKey, a keys.Algorithm, message, sig []byte, enc keys.Encoding) bool {
	switch a {
	case keys.Ed25519:
		return ed25519.Verify(public.(ed25519.PublicKey), message, sig)
	case keys.RSAv15SHA256:
		digest := sha256.Sum256(message)
		return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest[:], sig) == nil
	case keys.RSAPSSSHA512:
		digest := sha512.Sum512(message)
		exact := &rsa.PSSOptions{SaltLength: 64}
		return rsa.VerifyPSS(public.(*rsa.PublicKey), crypto.SHA512, digest[:], sig, exact) == nil
	}
	var digest []byte
	size := 0
	switch a {
	case keys.ECDSAP256SHA256:
		sum := sha256.Sum256(message)
		digest, size = sum[:], 32
	case keys.ECDSAP384SHA384:
		sum := sha512.Sum384(message)
		digest, size = sum[:], 48
	case keys.ECDSAP521SHA512:
		sum := sha512.Sum512(message)
		digest, size = sum[:], 66
	default:
		return false
	}
	if enc == keys.DER {
		return ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest, sig)
	}
	if len(sig) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
	return ecdsa.Verify(public.(*ecdsa.PublicKey), digest, r, s)
}

// clock is the time that tests pass; its files were all written long ago unless
// a test says otherwise.
type clock struct{ time.Time }

func newClock() *clock { return &clock{time.Now().Add(time.Hour)} }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) advance(d time.Duration) { c.Time = c.Add(d) }

// reloads records what a loader tells.
type reloads struct {
	mu   sync.Mutex
	told []string
}

func (r *reloads) add(source string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		source += " failed: " + err.Error()
	}
	r.told = append(r.told, source)
}

// take returns what was told since it was last called.
func (r *reloads) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := r.told
	r.told = nil
	return told
}
