package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A canary is a secret that is to be found nowhere.
type canary struct {
	name   string
	secret []byte
	stride int // how far apart the windows begin that are looked for; default 1
}

// canaries make the secrets of a test and remember all of them.
type canaries struct {
	t   testing.TB
	dir string // of files with secrets, apart from what the process writes
	env []string

	mu   sync.Mutex
	list []canary
}

func newCanaries(t testing.TB) *canaries { return &canaries{t: t, dir: t.TempDir()} }

func (c *canaries) add(name string, secret []byte) { c.addEvery(1, name, secret) }

func (c *canaries) addEvery(stride int, name string, secret []byte) {
	if len(secret) < leakWindow {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.list, func(made canary) bool { return bytes.Contains(made.secret, secret) }) {
		return
	}
	c.list = append(c.list, canary{name, secret, stride})
}

// text makes a secret of printable ASCII, with characters that are escaped here
// and there.
func (c *canaries) text(name string) string {
	text := randomText(c.t, 44)
	c.add(name, []byte(text))
	return text
}

func randomText(t testing.TB, n int) string {
	t.Helper()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	random := make([]byte, n)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	for i, b := range random {
		random[i] = letters[int(b)%len(letters)]
	}
	for i, odd := range []byte(`+/"&%<`) {
		if at := 14 + 3*i; at < n {
			random[at] = odd
		}
	}
	return string(random)
}

// inEnv puts a secret into the process's environment and returns what a
// configuration calls it, inFile into a file.
func (c *canaries) inEnv(name string) string  { return c.setEnv(name, c.text(name)) }
func (c *canaries) inFile(name string) string { return c.put(name, c.text(name)+"\n") }

func (c *canaries) setEnv(name, value string) string {
	name = "LEAK_" + strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(name))
	c.env = append(c.env, name+"="+value)
	return "{env." + name + "}"
}

func (c *canaries) put(name, content string) string {
	c.t.Helper()
	path := c.fileOf(name)
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		c.t.Fatal(err)
	}
	return "{file." + path + "}"
}

func (c *canaries) fileOf(name string) string {
	return filepath.Join(c.dir, strings.ReplaceAll(name, " ", "-"))
}

// value is what a canary is, of those that were made so far.
func (c *canaries) value(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, made := range c.list {
		if made.name == name {
			return string(made.secret)
		}
	}
	c.t.Fatalf("no canary is called %s", name)
	return ""
}

// pemKey writes a private key and returns its path.
func (c *canaries) pemKey(name string, file string) string {
	c.t.Helper()
	c.addPEM(name, file)
	c.put(name, file)
	return c.fileOf(name)
}

// addPEM remembers what is secret in a private key, as bytes and as decimal numbers.
func (c *canaries) addPEM(name, file string) {
	c.t.Helper()
	block, _ := pem.Decode([]byte(file))
	if block == nil {
		c.t.Fatalf("%s is no PEM", name)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if block.Type == "EC PRIVATE KEY" {
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	for _, n := range secretNumbers(key) {
		c.addEvery(4, name, n.Bytes())
		c.addEvery(12, name+" in decimal", []byte(n.String()))
	}
}

func secretNumbers(key any) []*big.Int {
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return []*big.Int{new(big.Int).SetBytes(key.Seed())}
	case *ecdsa.PrivateKey:
		scalar, _ := key.Bytes()
		return []*big.Int{new(big.Int).SetBytes(scalar)}
	case *rsa.PrivateKey:
		return append(key.Primes, key.D, key.Precomputed.Dp, key.Precomputed.Dq, key.Precomputed.Qinv)
	}
	return nil
}

// jwk writes an Ed25519 key as a JWK (RFC 8037), seed one in base64.
func (c *canaries) jwk(name string) string {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	c.add(name, private.Seed())
	encode := base64.RawURLEncoding.EncodeToString
	return c.put(name, fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"d":%q}`, encode(public), encode(private.Seed())))
}

// random32 makes 32 random bytes, written in base64 or hexadecimal.
func (c *canaries) random32(name, format string) string {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		c.t.Fatal(err)
	}
	c.add(name, secret)
	if format == "hex" {
		return c.setEnv(name, hex.EncodeToString(secret))
	}
	return c.setEnv(name, base64.StdEncoding.EncodeToString(secret))
}

var (
	inBytes = regexp.MustCompile(`:([A-Za-z0-9+/=]+):`)
	nonces  = regexp.MustCompile(`nonce="([^"]+)"`)
)

// seen remembers what a partner was sent that would let somebody repeat or forge a
// request: tokens, signatures, nonces. Of a JWT the last part alone is secret.
func (c *canaries) seen(who, name, value string) {
	name = who + "'s " + name
	switch {
	case strings.HasSuffix(name, "Signature-Input"):
		for _, nonce := range nonces.FindAllStringSubmatch(value, -1) {
			c.addEvery(6, name, []byte(nonce[1]))
		}
	case strings.HasSuffix(name, "'s Signature"):
		for _, signature := range inBytes.FindAllStringSubmatch(value, -1) {
			raw, err := base64.StdEncoding.DecodeString(signature[1])
			if err != nil {
				c.t.Error(err)
			}
			c.addEvery(12, name, raw)
		}
	default:
		_, token, spaced := strings.Cut(value, " ")
		if !spaced {
			token = value
		}
		if strings.Count(token, ".") == 2 {
			token = token[strings.LastIndexByte(token, '.')+1:]
		}
		c.addEvery(6, name, []byte(token))
	}
}
