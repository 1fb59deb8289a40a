package capture_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer/capture"
)

const (
	keyA = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	keyB = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
)

func sealingKey(text string) capture.SealingKey {
	return must(capture.ParseSealingKey([]byte(text)))
}

func newSealed(storage capture.Storage, edits ...func(*capture.SealedOptions)) *capture.Sealed {
	o := capture.SealedOptions{Storage: storage, Key: sealingKey(keyA)}
	for _, edit := range edits {
		edit(&o)
	}
	return must(capture.NewSealed(o))
}

func TestParseSealingKey(t *testing.T) {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(i * 7)
	}
	for _, text := range []string{keyA, keyA + "\n", strings.TrimRight(keyA, "="), keyB, strings.ToUpper(keyB), string(raw),
		"-_-_AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="} {
		if _, err := capture.ParseSealingKey([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "secret", "0123456789abcdef0123456789abcdef", "correct horse battery staple 32b!", keyA[:40], keyB[:62],
		"correct horse battery staple 32!", strings.Repeat("A", 44), strings.Repeat("0", 64), string(raw[:31]), string(raw) + "\x00"} {
		if _, err := capture.ParseSealingKey([]byte(text)); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Nothing of the flow or the token can be read in the storage.
func TestSealedEntriesTellNothing(t *testing.T) {
	storage := newShelf()
	s := newSealed(storage)
	save(t, s, "flow-id", "dft_token", time.Hour)
	key, value := storage.only()
	for _, text := range []string{"flow-id", "dft_token"} {
		if strings.Contains(key, text) || bytes.Contains(value, []byte(text)) {
			t.Errorf("%s is in %q: %q", text, key, value)
		}
	}
	if !strings.HasPrefix(key, "partnersign/capture/") || len(key) != len("partnersign/capture/")+64 {
		t.Errorf("key %q", key)
	}
	save(t, s, "flow-id", "dft_token", time.Hour)
	if _, again := storage.only(); bytes.Equal(value, again) {
		t.Error("two entries look the same")
	}
}

// Every change is noticed: each byte, each length, another's name.
func TestSealedEntriesCannotBeChanged(t *testing.T) {
	storage := newShelf()
	s := newSealed(storage)
	save(t, s, "a", "dft_1", time.Hour)
	key, good := storage.only()
	bad := func(what string, value []byte) {
		storage.put(key, value)
		if e, err := s.Load(t.Context(), "a"); !errors.Is(err, capture.ErrDamaged) || e.Token.Reveal() != "" {
			t.Errorf("%s: %v, %v", what, e, err)
		}
	}
	for i := range good {
		changed := bytes.Clone(good)
		changed[i] ^= 1
		bad("a changed byte", changed)
		bad("cut short", good[:i])
	}
	bad("longer", append(bytes.Clone(good), 0))
	other := newShelf()
	save(t, newSealed(other), "b", "dft_2", time.Hour)
	_, b := other.only()
	bad("another's", b)
	other = newShelf()
	save(t, newSealed(other, withKey(keyB)), "a", "dft_2", time.Hour)
	_, b = other.only()
	bad("another key's", b)
	storage.put(key, good)
	if load(t, s, "a") != "dft_1" {
		t.Error("the entry itself is gone")
	}
}

func withKey(key string, previous ...string) func(*capture.SealedOptions) {
	return func(o *capture.SealedOptions) {
		o.Key = sealingKey(key)
		for _, p := range previous {
			o.Previous = append(o.Previous, sealingKey(p))
		}
	}
}

// A flow whose entry is damaged is refused, and healed by the next mint.
func TestDamagedEntries(t *testing.T) {
	storage := newShelf()
	o := dynamicFlow()
	o.Store = newSealed(storage)
	w := newWorld(t, o, flows())
	w.post(source)
	key, value := storage.only()
	storage.put(key, value[1:])
	w.events.take()
	if status, body := w.post(quote); status != 503 || !strings.Contains(body, "cannot be opened") {
		t.Errorf("%d %s", status, body)
	}
	w.events.want(t, capture.Damaged)
	w.post(source)
	w.events.want(t, capture.Damaged, capture.Stored)
	if status, _ := w.post(quote); status != 200 {
		t.Errorf("healed: %d", status)
	}
}

// The key changes while proxies run: first all know the new one, then it seals.
func TestKeyRotation(t *testing.T) {
	storage := newShelf()
	before := newSealed(storage, withKey(keyA, keyB))
	after := newSealed(storage, withKey(keyB, keyA))
	save(t, before, "a", "1", time.Hour)
	if got := load(t, after, "a"); got != "1" {
		t.Errorf("after: %q", got)
	}
	lock := must(before.Lock(t.Context(), "a"))
	waiting, leave := contextWithTimeout(t, 20*time.Millisecond)
	defer leave()
	if _, err := after.Lock(waiting, "a"); !errors.Is(err, capture.ErrBusy) {
		t.Errorf("both hold the flow: %v", err)
	}
	lock.Unlock()
	save(t, after, "a", "2", time.Hour)
	storage.only() // the old one is gone
	if a, b := load(t, before, "a"), load(t, newSealed(storage, withKey(keyB)), "a"); a != "2" || b != "2" {
		t.Errorf("%q %q", a, b)
	}
	if got := load(t, newSealed(storage), "a"); got != "" {
		t.Errorf("a key that is not known opens %q", got)
	}
}

// Expired entries are removed when something is saved, once in a while.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newShelf()
		var e events
		s := newSealed(storage, func(o *capture.SealedOptions) { o.Observe = e.observe })
		for _, key := range []string{"a", "b", "c"} {
			save(t, s, key, "1", time.Minute)
		}
		save(t, s, "d", "1", 24*time.Hour)
		synctest.Wait() // for the first sweep
		storage.put("partnersign/capture/foreign", []byte("?"))
		time.Sleep(time.Hour)
		save(t, s, "e", "1", 48*time.Hour)
		synctest.Wait()
		storage.mu.Lock()
		left := len(storage.values)
		storage.mu.Unlock()
		if left != 6 {
			t.Errorf("%d left after an hour, by a clock that may be wrong", left)
		}
		time.Sleep(24 * time.Hour)
		save(t, s, "e", "1", time.Hour)
		synctest.Wait()
		storage.mu.Lock()
		left, lists := len(storage.values), storage.calls["List"]
		storage.mu.Unlock()
		if left != 3 || lists != 3 || storage.held() != 0 {
			t.Errorf("%d left, %d lists, %d held", left, lists, storage.held())
		}
		e.want(t, capture.Damaged, capture.Damaged)
		if load(t, s, "d") != "1" || load(t, s, "e") != "1" {
			t.Error("a good one is gone")
		}
	})
}

func TestSealedOptions(t *testing.T) {
	for _, o := range []capture.SealedOptions{{}, {Storage: newShelf()}, {Key: sealingKey(keyA)},
		{Storage: newShelf(), Key: sealingKey(keyA), Previous: []capture.SealingKey{{}}}} {
		if _, err := capture.NewSealed(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
