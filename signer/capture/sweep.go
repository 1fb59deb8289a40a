package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"time"
)

// Expired entries are looked for when something is saved, once in a while, some
// at a time. They stay for a while, as what makes them look expired may be a
// clock that is about to be set right.
const (
	sweepEvery   = 10 * time.Minute
	sweepAfter   = 24 * time.Hour
	sweepTimeout = 30 * time.Second
	sweepEntries = 500
)

// maybeSweep removes expired entries, behind the back of the request.
func (s *Sealed) maybeSweep(now time.Time) {
	if !s.sweepDue(now) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), sweepTimeout)
		defer cancel()
		if err := s.sweep(ctx, now.Add(-sweepAfter)); err != nil {
			s.observe(Event{Kind: StoreFailed, Err: fmt.Errorf("expired tokens stay in the storage: %w", err)})
		}
	}()
}

// sweepDue is true for one caller, also when the clock was set back.
func (s *Sealed) sweepDue(now time.Time) bool {
	swept := s.swept.Load()
	return time.Duration(now.UnixNano()-swept).Abs() >= sweepEvery && s.swept.CompareAndSwap(swept, now.UnixNano())
}

// sweep removes what had expired at the time then.
func (s *Sealed) sweep(ctx context.Context, then time.Time) error {
	names, err := run(ctx, s.guard, func(ctx context.Context) ([]string, error) { return s.storage.List(ctx, s.prefix, false) })
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	damaged, start := 0, rand.IntN(len(names)) // so that each has its turn
	for i := range min(len(names), sweepEntries) {
		switch err := s.sweepEntry(ctx, path.Base(names[(start+i)%len(names)]), then); {
		case errors.Is(err, ErrDamaged):
			damaged++
		case err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrBusy):
			return err
		}
	}
	if damaged > 0 {
		s.observe(Event{Kind: Damaged, Err: fmt.Errorf("%d entries of the storage cannot be opened: they were changed, or sealed under a key that is not known", damaged)})
	}
	return nil
}

// sweepEntry removes one entry if it had expired. It looks again when it holds
// the flow: a new token may have come.
func (s *Sealed) sweepEntry(ctx context.Context, name string, then time.Time) error {
	limited, cancel := s.guard.limit(ctx)
	defer cancel()
	data, err := s.read(limited, s.path(name))
	if err != nil {
		return err
	}
	for _, sealer := range s.sealers {
		flow, e, err := sealer.open(name, data)
		if err != nil {
			continue
		}
		if e.Expires.After(then) {
			return nil
		}
		lock, err := s.Lock(limited, flow)
		if err != nil {
			return err
		}
		defer lock.Unlock()
		if e, err = s.Load(limited, flow); err == nil && !e.Expires.After(then) {
			_, err = lock.Delete(limited, e.Token)
		}
		return err
	}
	return ErrDamaged
}
