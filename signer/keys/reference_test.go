package keys_test

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// canary stands for a secret that must not turn up anywhere.
const canary = "canary-3f9ac1d07be2"

func TestSecretReferences(t *testing.T) {
	path := tempFile(t, canary+"\n")
	t.Setenv("TEST_SECRET", canary)
	t.Setenv("test.secret-2", canary)
	for _, ref := range []string{"{env.TEST_SECRET}", "{env.test.secret-2}", "{file." + path + "}"} {
		secret, err := new(keys.Loader).Secret(ref)
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		if got, err := secret.Value(time.Now()); got != canary || err != nil {
			t.Errorf("%s: got %q, %v", ref, got, err)
		}
	}
}

func TestReferencesThatAreNone(t *testing.T) {
	refs := []string{
		"", canary, "{}", "{" + canary + "}", "{env." + canary, "env." + canary + "}",
		"{env.}", "{env.A=" + canary + "}", "{env.A " + canary + "}", "{env.A+" + canary + "}", "{env.{env." + canary + "}}",
		"{env." + canary + "}x", "x{env." + canary + "}", " {env." + canary + "}", "{env." + canary + "}\n",
		"{file.}", "{file." + canary + "}", "{file../" + canary + "}", "{file./a\n" + canary + "}", "{file./a\x00" + canary + "}",
		"{file./{env." + canary + "}}", "{file./\xff" + canary + "}",
		"{$" + canary + "}", "{ENV." + canary + "}", "{vault./" + canary + "}", "{$" + canary + ":default}",
		"+/" + canary, "./" + canary, "../" + canary, canary + "/",
		"/" + canary + "=", "/" + canary + "+", "/" + canary + "\n", "/" + canary + "{", pkcs8(edKey),
	}
	for _, ref := range refs {
		_, err := new(keys.Loader).Secret(ref)
		if err == nil || err.Error() != "expected {env.NAME} or {file./absolute/path}" {
			t.Errorf("secret %q: got %v", ref, err)
		}
		_, err = new(keys.Loader).Key(ref, keys.KeyOptions{})
		if err == nil || err.Error() != "expected an absolute path, {env.NAME} or {file./absolute/path}" {
			t.Errorf("key %q: got %v", ref, err)
		}
	}
	_, err := new(keys.Loader).Secret("/" + canary)
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("a plain path as a secret: got %v", err)
	}
}

func TestKeyReferences(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a key.pem")
	write(t, path, pkcs8(edKey))
	t.Setenv("TEST_KEY", pkcs8(edKey))
	for _, ref := range []string{path, "{file." + path + "}", "{env.TEST_KEY}"} {
		if _, err := new(keys.Loader).Key(ref, keys.KeyOptions{}); err != nil {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

// Errors name the variable or the path.
func TestReferencesToNothing(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	empty := tempFile(t, "")
	newline := tempFile(t, "\n")
	large := tempFile(t, strings.Repeat("a", 1<<20+1))
	t.Setenv("TEST_EMPTY", "")
	const emptied = ": there is nothing in it: write the secret or key into it"
	tests := []struct{ ref, want string }{
		{"{env.TEST_NOT_SET}", "{env.TEST_NOT_SET}: the environment variable is not set: set it for this process"},
		{"{env.TEST_EMPTY}", "{env.TEST_EMPTY}" + emptied},
		{"{file." + missing + "}", "{file." + missing + "}: no such file or directory: create it or correct the path"},
		{"{file." + empty + "}", "{file." + empty + "}" + emptied},
		{"{file." + newline + "}", "{file." + newline + "}" + emptied},
		{"{file." + large + "}", "{file." + large + "}: the file is larger than 1 MiB: name the file that holds the secret or key alone"},
		{"{file." + dir + "}", "{file." + dir + "}: this is a directory: name a file in it"},
		{"{file." + empty + "/below}", "{file." + empty + "/below}: the file cannot be read: not a directory"},
	}
	for _, tt := range tests {
		_, err := new(keys.Loader).Secret(tt.ref)
		if err == nil || err.Error() != tt.want {
			t.Errorf("secret: got %v\nwant %s", err, tt.want)
		}
		_, err = new(keys.Loader).Key(tt.ref, keys.KeyOptions{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("key: got %v\nwant %s", err, tt.want)
		}
	}
}

// A secret of 64 bytes in base64 that starts with a slash looks like a path,
// but for its padding.
func TestKeyGivenInsteadOfItsPath(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString(append([]byte{0xff, 0xff}, make([]byte, 62)...))
	_, err := new(keys.Loader).Key(secret, keys.KeyOptions{})
	if err == nil || strings.Contains(err.Error(), secret[:8]) {
		t.Errorf("got %v", err)
	}
}
