package keys_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestFileRenamedOver(t *testing.T) {
	f := newFollowedFiles(t)
	replace(t, f.secretPath, "newer\n")
	replace(t, f.keyPath, pkcs8(newKey))

	f.advance(time.Second - 1)
	f.want("old", oldKey) // not looked at within a second
	f.wantTold(nil, nil)
	f.advance(1)
	f.want("newer", newKey)
	f.wantTold([]string{""}, []string{""})
	f.advance(time.Second)
	f.want("newer", newKey)
	f.wantTold(nil, nil)
}

// Kubernetes mounts a secret as a link into a directory that is itself a link,
// and swaps that one.
func TestFileBehindSwappedLink(t *testing.T) {
	dir := t.TempDir()
	mount := func(name, secret string, key ed25519.PrivateKey) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "secret"), secret)
		write(t, filepath.Join(dir, name, "key"), pkcs8(key))
		link(t, name, filepath.Join(dir, "..data"))
	}
	mount("..1", "old", oldKey)
	link(t, "..data/secret", filepath.Join(dir, "secret"))
	link(t, "..data/key", filepath.Join(dir, "key"))
	f := newFollowed(t, filepath.Join(dir, "secret"), filepath.Join(dir, "key"))

	mount("..2", "new", newKey) // of the same size
	if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
		t.Fatal(err)
	}
	f.advance(time.Second)
	f.want("new", newKey)
	f.wantTold([]string{""}, []string{""})
}

// link makes or replaces a symbolic link in one step.
func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path+".tmp"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

func TestFileTruncatedThenWritten(t *testing.T) {
	f := newFollowedFiles(t)
	write(t, f.secretPath, "")
	write(t, f.keyPath, "")
	f.advance(time.Second)
	f.want("", oldKey)
	f.wantTold([]string{"nothing in it"}, []string{"nothing in it"})

	write(t, f.secretPath, "newer")
	write(t, f.keyPath, pkcs8(newKey)[:60]) // still being written
	f.advance(time.Second)
	f.want("newer", oldKey)
	f.wantTold([]string{""}, []string{"the PEM is malformed"})

	write(t, f.keyPath, pkcs8(newKey))
	f.advance(time.Second)
	f.want("newer", newKey)
	f.wantTold(nil, []string{""})
}

func TestFileDeleted(t *testing.T) {
	f := newFollowedFiles(t)
	for _, path := range []string{f.secretPath, f.keyPath} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	const gone = "no such file or directory: create it or correct the path"
	f.advance(time.Second)
	f.want("", oldKey)
	f.wantTold([]string{gone}, []string{gone})
	for range 3 { // told once
		f.advance(time.Second)
		f.want("", oldKey)
	}
	f.wantTold(nil, nil)

	write(t, f.secretPath, "old")
	write(t, f.keyPath, pkcs8(oldKey))
	f.advance(time.Second - 1)
	f.want("", oldKey)
	f.advance(1)
	f.want("old", oldKey)
	f.wantTold([]string{""}, []string{""}) // the failure is over
}

func TestFileWithOtherContent(t *testing.T) {
	f := newFollowedFiles(t)
	steps := []struct {
		secret, key         string
		toldSecret, toldKey string
	}{
		{"two\nlines", pkcs8(p256Key), "line break", "does not suit the algorithm ed25519: it can be used with ecdsa-p256-sha256"},
		{"t\x00ken", "garbage!", "control character", "neither PEM nor JWK nor base64"},
		{"tökén", jwk(edKey.Public()), "outside ASCII", "public key"},
		{strings.Repeat("a", 1<<20+1), strings.Repeat("a", 1<<20+1), "larger than 1 MiB", "larger than 1 MiB"},
	}
	for _, step := range steps {
		replace(t, f.secretPath, step.secret)
		replace(t, f.keyPath, step.key)
		f.advance(time.Second)
		f.want("", oldKey)
		f.advance(time.Second)
		f.want("", oldKey)
		f.wantTold([]string{step.toldSecret}, []string{step.toldKey})
	}
	replace(t, f.secretPath, "newer")
	replace(t, f.keyPath, jwk(newKey)) // the format may change
	f.advance(time.Second)
	f.want("newer", newKey)
	f.wantTold([]string{""}, []string{""})
}

func TestFileTouched(t *testing.T) {
	f := newFollowedFiles(t)
	for _, path := range []string{f.secretPath, f.keyPath} {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	f.advance(time.Second)
	f.want("old", oldKey)
	f.wantTold(nil, nil) // the content is the same
}

// A file system that counts seconds shows two writes in the same second as one.
func TestFileWrittenTwiceInOneTick(t *testing.T) {
	secretPath, keyPath := tempFile(t, "old"), tempFile(t, pkcs8(oldKey))
	clock := newClock()
	stamp := func() {
		for _, path := range []string{secretPath, keyPath} {
			if err := os.Chtimes(path, clock.now(), clock.now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	loader := &keys.Loader{Now: clock.now}
	stamp()
	f := &followed{t: t, clock: clock, secretPath: secretPath, keyPath: keyPath}
	f.secret = must(loader.Secret("{file." + secretPath + "}"))
	f.key = must(loader.Key(keyPath, keys.KeyOptions{}))
	write(t, secretPath, "new")
	write(t, keyPath, pkcs8(newKey))
	stamp()
	f.advance(time.Second)
	f.want("new", newKey)
}

func TestClockSetBack(t *testing.T) {
	f := newFollowedFiles(t)
	replace(t, f.secretPath, "newer")
	replace(t, f.keyPath, pkcs8(newKey))
	f.advance(-30 * time.Minute)
	f.want("newer", newKey)
}

// A program that calls Sign seldom still learns of changes when it asks with
// a time; Public and its like never touch the file.
func TestCurrent(t *testing.T) {
	f := newFollowedFiles(t)
	before := f.key.Current(f.now())
	replace(t, f.keyPath, jwk(newKey, "kid", `"second"`))
	f.advance(time.Second)
	if f.key.JWKKeyID() != "" {
		t.Error("JWKKeyID read the file")
	}
	after := f.key.Current(f.now())
	if f.key.JWKKeyID() != "second" || after.JWKKeyID() != "second" || before.JWKKeyID() != "" {
		t.Error("Current did not look at the file, or its result followed it")
	}
	sig := must(before.Sign(nil, []byte("message"), f.now(), keys.Raw))
	if !verify(oldKey.Public(), before.Algorithm(), []byte("message"), sig, keys.Raw) {
		t.Error("the key of that moment signs with another")
	}
	if must(before.Thumbprint()) == must(after.Thumbprint()) {
		t.Error("two keys have one thumbprint")
	}
	if before.Current(f.now()) != before {
		t.Error("a key of a moment has another current key")
	}
}

// The environment is read once.
func TestEnvironmentIsFixed(t *testing.T) {
	t.Setenv("TEST_SECRET", "old")
	t.Setenv("TEST_KEY", pkcs8(oldKey))
	clock := newClock()
	secret := must(new(keys.Loader).Secret("{env.TEST_SECRET}"))
	key := must(new(keys.Loader).Key("{env.TEST_KEY}", keys.KeyOptions{}))
	t.Setenv("TEST_SECRET", "new")
	t.Setenv("TEST_KEY", pkcs8(newKey))
	clock.advance(time.Hour)
	if got := must(secret.Value(clock.now())); got != "old" {
		t.Errorf("secret %q", got)
	}
	if !oldKey.Public().(ed25519.PublicKey).Equal(key.Current(clock.now()).Public()) {
		t.Error("the key has changed")
	}
}
