package capture_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer/capture"
)

func contextWithTimeout(t testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

var errDown = errors.New("the storage is down")

// An outage stops what needs the storage and nothing else, and heals.
func TestOutage(t *testing.T) {
	for name, hangs := range map[string]bool{"refuses": false, "hangs": true} {
		t.Run(name, func(t *testing.T) {
			up := make(chan struct{})
			storage := newShelf()
			o := dynamicFlow()
			o.Store = newSealed(storage, func(o *capture.SealedOptions) { o.Timeout = 50 * time.Millisecond })
			w := newWorld(t, o, flows())
			w.post(source)
			w.events.take()
			storage.breaks(func(string) error {
				if hangs {
					<-up
					return nil
				}
				return errDown
			})
			for _, path := range []string{quote, source} {
				begin := time.Now()
				res := w.do("POST", path)
				if res.StatusCode != 503 || res.Header.Get("Retry-After") != "5" || time.Since(begin) > time.Second {
					t.Errorf("%s: %d after %v", path, res.StatusCode, time.Since(begin))
				}
				_ = res.Body.Close()
			}
			w.events.want(t, capture.StoreFailed, capture.StoreFailed)
			if status, _ := w.post(quote, header, "dft_1"); status != 200 {
				t.Errorf("with the client's own: %d", status)
			}
			if res := w.do("GET", "/api/v0/sdk/env1/flow/f1"); res.StatusCode == 503 {
				t.Errorf("what needs no token: %d", res.StatusCode)
			}
			storage.breaks(nil)
			close(up)
			w.events.take()
			for _, path := range []string{quote, source, quote} {
				if status, body := w.post(path); status != 200 {
					t.Errorf("healed, %s: %d %s", path, status, body)
				}
			}
			w.events.want(t, capture.Sent, capture.Sent, capture.Stored, capture.Sent)
			if storage.held() != 0 {
				t.Errorf("%d locks are held", storage.held())
			}
		})
	}
}

// A token that cannot be stored is the client's, as it came.
func TestATokenThatCannotBeStored(t *testing.T) {
	for name, hangs := range map[string]bool{"refuses": false, "hangs": true} {
		t.Run(name, func(t *testing.T) {
			up := make(chan struct{})
			storage := newShelf()
			storage.breaks(func(call string) error {
				switch {
				case call != "Store":
				case hangs:
					<-up
				default:
					return errDown
				}
				return nil
			})
			o := dynamicFlow()
			o.Strip = true
			o.Store = newSealed(storage, func(o *capture.SealedOptions) { o.Timeout = 50 * time.Millisecond })
			w := newWorld(t, o, flows())
			exact(t, w.do("POST", source), []byte(minted("dft_1")))
			w.events.want(t, capture.StoreFailed)
			if hangs {
				// The write may still be done: nobody may mint meanwhile.
				if storage.held() != 1 {
					t.Error("the flow was given back while it is written")
				}
				close(up)
				for storage.held() > 0 {
					time.Sleep(time.Millisecond)
				}
				if status, _ := w.post(quote); status != 200 {
					t.Errorf("it was written in the end: %d", status)
				}
			}
		})
	}
}

// A lock that is given when nobody waits any more is given back, and a storage
// that panics or forgets to unlock is survived.
func TestLocksAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newShelf()
		s := newSealed(storage)
		up := make(chan struct{})
		storage.breaks(func(call string) error {
			if call == "Lock" {
				<-up
			}
			return nil
		})
		ctx, leave := contextWithTimeout(t, time.Second)
		defer leave()
		if _, err := s.Lock(ctx, "a"); !errors.Is(err, capture.ErrBusy) {
			t.Errorf("hanging: %v", err)
		}
		close(up)
		synctest.Wait()
		if storage.held() != 0 {
			t.Error("a lock is lost")
		}

		var failures atomic.Int64
		storage.breaks(func(call string) error {
			if call == "Unlock" && failures.Add(1) <= 2 {
				return errDown
			}
			return nil
		})
		must(s.Lock(t.Context(), "a")).Unlock()
		if storage.held() != 1 {
			t.Error("unlocked although it failed")
		}
		must(s.Lock(t.Context(), "a")).Unlock() // waits until it was
		if storage.held() != 0 || failures.Load() != 4 {
			t.Errorf("%d held after %d", storage.held(), failures.Load())
		}

		storage.breaks(func(string) error { panic("dft_1") })
		if _, err := s.Load(t.Context(), "a"); err == nil || strings.Contains(err.Error(), "dft_") {
			t.Errorf("panicking: %v", err)
		}
		if _, err := s.Lock(t.Context(), "a"); err == nil {
			t.Error("locked by a panic")
		}
	})
}

// However long a storage hangs, it holds a bounded number of goroutines.
func TestHangingCallsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := newShelf()
		s := newSealed(storage)
		up := make(chan struct{})
		storage.breaks(func(string) error { <-up; return nil })
		var group sync.WaitGroup
		for range 1000 {
			group.Go(func() {
				begin := time.Now()
				if _, err := s.Load(t.Context(), "a"); err == nil || time.Since(begin) > 2*time.Second {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
			})
		}
		group.Wait()
		storage.mu.Lock()
		if n := storage.calls["Load"]; n > 128 {
			t.Errorf("%d calls hang", n)
		}
		storage.mu.Unlock()
		close(up)
		synctest.Wait()
		storage.breaks(nil)
		if _, err := s.Load(t.Context(), "a"); !errors.Is(err, capture.ErrNotFound) {
			t.Errorf("healed: %v", err)
		}
	})
}

// Two proxies on one storage share flows, and mint one after the other.
func TestTwoProxiesShareFlows(t *testing.T) {
	for name, storage := range map[string]capture.Storage{"memory": newShelf(), "files": folder(t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			var now, most atomic.Int64
			serve := flows()
			a := dynamicFlow()
			a.Store = newSealed(storage)
			one := newWorld(t, a, counting(&now, &most, serve))
			b := dynamicFlow()
			b.Store = newSealed(storage)
			two := newProxy(t, b, one.url)
			one.post(source)
			if status, _ := two.post(quote); status != 200 {
				t.Errorf("the other proxy: %d", status)
			}
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() { one.post(source) })
				group.Go(func() { two.post(source) })
			}
			group.Wait()
			if most.Load() != 1 {
				t.Errorf("%d mints at once", most.Load())
			}
			for _, w := range []*world{one, two} {
				if status, _ := w.post(quote); status != 200 {
					t.Errorf("%d", status)
				}
			}
		})
	}
}

// A client that leaves while its token is stored loses nothing.
func TestAClientThatLeaves(t *testing.T) {
	storage := newShelf()
	o := dynamicFlow()
	o.Store = newSealed(storage)
	w := newWorld(t, o, flows())
	ctx, leave := context.WithCancel(t.Context())
	storage.breaks(func(call string) error {
		if call == "Store" {
			leave()
		}
		return nil
	})
	req := must(http.NewRequestWithContext(ctx, "POST", w.url+source, nil))
	if res, err := w.partner.Transport(base).RoundTrip(req); err == nil {
		_ = res.Body.Close()
	}
	w.events.want(t, capture.Stored)
	if status, _ := w.post(quote); status != 200 || storage.held() != 0 {
		t.Errorf("%d, %d held", status, storage.held())
	}
}
