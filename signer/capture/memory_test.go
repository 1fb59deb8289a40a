package capture_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

func save(t testing.TB, s capture.Store, key, token string, life time.Duration) {
	t.Helper()
	lock := must(s.Lock(t.Context(), key))
	defer lock.Unlock()
	if err := lock.Save(t.Context(), capture.Entry{Token: must(capture.NewToken(token)), Expires: time.Now().Add(life)}); err != nil {
		t.Fatal(err)
	}
}

// load is the token of a flow; "" if there is none.
func load(t testing.TB, s capture.Store, key string) string {
	t.Helper()
	e, err := s.Load(t.Context(), key)
	if err != nil && !errors.Is(err, capture.ErrNotFound) {
		t.Fatal(err)
	}
	return e.Token.Reveal()
}

// Both stores behave the same.
func TestStores(t *testing.T) {
	for name, s := range map[string]capture.Store{
		"memory": capture.NewMemory(capture.MemoryOptions{}),
		"sealed": newSealed(newShelf()),
		"files":  newSealed(folder(t.TempDir())),
	} {
		t.Run(name, func(t *testing.T) {
			save(t, s, "a", "1", time.Hour)
			save(t, s, "b", "2", time.Hour)
			save(t, s, "a", "3", time.Hour)
			if a, b, c := load(t, s, "a"), load(t, s, "b"), load(t, s, "c"); a != "3" || b != "2" || c != "" {
				t.Errorf("%q %q %q", a, b, c)
			}
			lock := must(s.Lock(t.Context(), "a"))
			waiting, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer leave()
			if _, err := s.Lock(waiting, "a"); !errors.Is(err, capture.ErrBusy) {
				t.Errorf("held twice: %v", err)
			}
			for token, want := range map[string]bool{"1": false, "3": true} {
				if got, err := lock.Delete(t.Context(), must(capture.NewToken(token))); got != want || err != nil {
					t.Errorf("deleting %s: %v, %v", token, got, err)
				}
			}
			if got, err := lock.Delete(t.Context(), capture.Token{}); got || err != nil {
				t.Errorf("deleting nothing: %v, %v", got, err)
			}
			lock.Unlock()
			save(t, s, "a", "4", time.Hour)
			if a := load(t, s, "a"); a != "4" {
				t.Errorf("%q", a)
			}
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var e events
	entries := capture.NewMemory(capture.MemoryOptions{Entries: 3, Observe: e.observe})
	for i := range 3 {
		save(t, entries, fmt.Sprint(i), fmt.Sprint("t", i), time.Hour)
	}
	load(t, entries, "0") // so that 1 was not used for longest
	save(t, entries, "3", "t3", time.Hour)
	for key, want := range map[string]string{"0": "t0", "1": "", "2": "t2", "3": "t3"} {
		if got := load(t, entries, key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	e.want(t, capture.Evicted)

	small := capture.NewMemory(capture.MemoryOptions{Bytes: 10_000, Observe: e.observe})
	for i := range 100 {
		save(t, small, fmt.Sprint(i), strings.Repeat("x", 4000), time.Hour)
	}
	kept := 0
	for i := range 100 {
		if load(t, small, fmt.Sprint(i)) != "" {
			kept++
		}
	}
	if kept != 2 || len(e.take()) != 98 {
		t.Errorf("%d kept", kept)
	}
	lock := must(small.Lock(t.Context(), "large"))
	defer lock.Unlock()
	if err := lock.Save(t.Context(), capture.Entry{Token: must(capture.NewToken(strings.Repeat("x", 12_000)))}); err == nil {
		t.Error("a token is larger than all memory")
	}
	if load(t, small, "99") == "" {
		t.Error("it has cost another")
	}
}

// What has expired is not sent, makes room, and is no loss.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e events
		m := capture.NewMemory(capture.MemoryOptions{Entries: 2, Observe: e.observe})
		save(t, m, "a", "1", time.Minute)
		save(t, m, "b", "2", time.Minute)
		time.Sleep(time.Minute)
		save(t, m, "c", "3", time.Minute)
		save(t, m, "d", "4", time.Minute)
		if got := load(t, m, "a") + load(t, m, "b") + load(t, m, "c") + load(t, m, "d"); got != "34" {
			t.Errorf("kept %s", got)
		}
		e.want(t)
	})
	o := dynamicFlow()
	o.ExpiresAt, o.Life = "", time.Hour
	w := newWorld(t, o, flows())
	at := time.Now()
	w.partner = must(signer.New(signer.Options{
		Upstream: w.partner.Upstream(), Now: func() time.Time { return at },
		Steps: []signer.Step{must(capture.New(w.withStore()))},
	}))
	w.post(source)
	for _, test := range []struct {
		after time.Duration
		want  string
		kind  capture.Kind
	}{{time.Hour - time.Second, "dft_1", capture.Sent}, {time.Second, "", capture.Expired}} {
		w.events.take()
		at = at.Add(test.after)
		if got := w.do("POST", quote).Header.Get("X-Got"); got != test.want {
			t.Errorf("sent with %q, want %q", got, test.want)
		}
		w.events.want(t, test.kind)
	}
}
