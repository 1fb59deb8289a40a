package keys_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestFollowersAreConcurrent(t *testing.T) {
	f := newFollowedFiles(t)
	var stop atomic.Bool
	var wg sync.WaitGroup
	now := f.now()
	var elapsed atomic.Int64
	for range 8 {
		wg.Go(func() {
			for !stop.Load() {
				now := now.Add(time.Duration(elapsed.Add(int64(100 * time.Millisecond))))
				if got, err := f.secret.Value(now); err != nil || got != "old" && got != "newer" {
					t.Errorf("secret %q, %v", got, err)
				}
				key := f.key.Current(now)
				sig, err := key.Sign(nil, []byte("message"), now, keys.DER)
				if err != nil || !verify(key.Public(), keys.Ed25519, []byte("message"), sig, keys.DER) {
					t.Errorf("the signature is not that of the key, or %v", err)
				}
				if _, err := f.key.Sign(nil, []byte("message"), now, keys.Raw); err != nil {
					t.Error(err)
				}
				if _, err := f.key.Thumbprint(); err != nil || f.key.Public() == nil {
					t.Error("no public key", err)
				}
			}
		})
	}
	for range 50 {
		replace(t, f.secretPath, "newer")
		replace(t, f.keyPath, pkcs8(newKey))
		replace(t, f.secretPath, "old")
		replace(t, f.keyPath, pkcs8(oldKey))
	}
	stop.Store(true)
	wg.Wait()
	for _, told := range append(f.secrets.take(), f.keys.take()...) {
		if strings.Contains(told, "failed") {
			t.Error(told)
		}
	}
}

// Of many that find the time has come, one looks and tells.
func TestOneLooks(t *testing.T) {
	f := newFollowedFiles(t)
	replace(t, f.secretPath, "newer")
	replace(t, f.keyPath, pkcs8(newKey))
	f.advance(time.Second)
	now := f.now()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := f.secret.Value(now); err != nil {
				t.Error(err)
			}
			if _, err := f.key.Sign(nil, nil, now, keys.Raw); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	f.wantTold([]string{""}, []string{""})
}
