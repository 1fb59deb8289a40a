package keys_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer/keys"
)

// followed is a secret and a key, each in a file of its own, under a clock.
type followed struct {
	t *testing.T
	*clock
	secretPath, keyPath string
	secret              *keys.Secret
	key                 *keys.Key
	secrets, keys       reloads
}

var oldKey, newKey = newEd25519(), newEd25519()

func newFollowed(t *testing.T, secretPath, keyPath string) *followed {
	f := &followed{t: t, clock: newClock(), secretPath: secretPath, keyPath: keyPath}
	f.secret = must((&keys.Loader{Now: f.now, Reloaded: f.secrets.add}).Secret("{file." + secretPath + "}"))
	f.key = must((&keys.Loader{Now: f.now, Reloaded: f.keys.add}).Key(keyPath, keys.KeyOptions{}))
	f.want("old", oldKey)
	return f
}

func newFollowedFiles(t *testing.T) *followed {
	return newFollowed(t, tempFile(t, "old"), tempFile(t, pkcs8(oldKey)))
}

// want checks what is in use; the secret is "" when it must be an error.
func (f *followed) want(secret string, key ed25519.PrivateKey) {
	f.t.Helper()
	got, err := f.secret.Value(f.now())
	switch {
	case secret == "":
		wantError(f.t, err, "{file."+f.secretPath+"}: ")
		if got != "" {
			f.t.Errorf("secret %q beside an error", got)
		}
	case got != secret || err != nil:
		f.t.Errorf("secret %q, %v, want %q", got, err, secret)
	}
	sig, err := f.key.Sign(nil, []byte("message"), f.now(), keys.Raw)
	if err != nil || !ed25519.Verify(key.Public().(ed25519.PublicKey), []byte("message"), sig) {
		f.t.Errorf("signed with another key, or %v", err)
	}
	if !key.Public().(ed25519.PublicKey).Equal(f.key.Public()) {
		f.t.Error("the public key is not that of the signature")
	}
}

// wantTold checks what the loaders told since the last time: nothing, "" for
// success, or a part of the error.
func (f *followed) wantTold(secret, key []string) {
	f.t.Helper()
	check := func(path string, told, want []string) {
		f.t.Helper()
		ok := slices.EqualFunc(told, want, func(told, want string) bool {
			if want == "" {
				return told == "{file."+path+"}"
			}
			return strings.HasPrefix(told, "{file."+path+"} failed: {file."+path+"}: ") && strings.Contains(told, want)
		})
		if !ok {
			f.t.Errorf("told %q, want %q", told, want)
		}
	}
	check(f.secretPath, f.secrets.take(), secret)
	check(f.keyPath, f.keys.take(), key)
}
