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
// at a time.
const (
	sweepEvery   = 10 * time.Minute
	sweepTimeout = 30 * time.Second
	sweepEntries = 500
)

// maybeSweep removes expired entries, behind the back of the request.
func (s *Sealed) maybeSweep(now time.Time) {
	at := s.sweepAt.Load()
	if now.UnixNano() < at || !s.sweepAt.CompareAndSwap(at, now.Add(sweepEvery).UnixNano()) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), sweepTimeout)
		defer cancel()
		if err := s.sweep(ctx, now); err != nil {
			s.observe(Event{Kind: StoreFailed, Err: fmt.Errorf("expired tokens stay in the storage: %w", err)})
		}
	}()
}

func (s *Sealed) sweep(ctx context.Context, now time.Time) error {
	names, err := run(ctx, s.guard, func(ctx context.Context) ([]string, error) { return s.storage.List(ctx, s.prefix, false) })
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	damaged, start := 0, rand.IntN(len(names)) // so that each has its turn
	for i := range min(len(names), sweepEntries) {
		switch err := s.sweepEntry(ctx, path.Base(names[(start+i)%len(names)]), now); {
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

// sweepEntry removes one entry if it has expired. It looks again when it holds
// the flow: a new token may have come.
func (s *Sealed) sweepEntry(ctx context.Context, name string, now time.Time) error {
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
		if e.Expires.After(now) {
			return nil
		}
		lock, err := s.Lock(limited, flow)
		if err != nil {
			return err
		}
		defer lock.Unlock()
		if e, err = s.Load(limited, flow); err == nil && !e.Expires.After(now) {
			_, err = lock.Delete(limited, e.Token)
		}
		return err
	}
	return ErrDamaged
}
