package capture

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A sealedLock is a flow of a Sealed store that may be written.
type sealedLock struct {
	store *Sealed
	key   string
	held  *hold
	idle  chan struct{} // closed when the last write is over
}

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Save implements Locked.
func (l *sealedLock) Save(ctx context.Context, e Entry) error {
	s := l.store
	defer s.maybeSweep(time.Now())
	return l.write(ctx, func(ctx context.Context) error {
		sealer := s.sealers[0]
		if err := s.storage.Store(ctx, s.path(sealer.name(l.key)), sealer.seal(l.key, e)); err != nil {
			return err
		}
		_ = l.remove(ctx, s.sealers[1:]) // what stays of them is found only after this one
		return nil
	})
}

// Delete implements Locked.
func (l *sealedLock) Delete(ctx context.Context, t Token) (bool, error) {
	e, err := l.store.Load(ctx, l.key)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && !e.Token.Equal(t):
		return false, nil
	case err != nil:
		return false, err
	}
	err = l.write(ctx, func(ctx context.Context) error { return l.remove(ctx, l.store.sealers) })
	return err == nil, err
}

func (l *sealedLock) remove(ctx context.Context, sealers []*sealer) error {
	for _, sealer := range sealers {
		if err := l.store.storage.Delete(ctx, l.store.path(sealer.name(l.key))); err != nil {
			return err
		}
	}
	return nil
}

// write makes one write at a time: what was left behind may still be done, and
// must not undo what comes after it.
func (l *sealedLock) write(ctx context.Context, call func(context.Context) error) error {
	g := l.store.guard
	ctx, cancel := g.limit(ctx)
	defer cancel()
	select {
	case <-l.idle:
	case <-ctx.Done():
		return fmt.Errorf("the write before has not ended in time: %w", ctx.Err())
	}
	select {
	case g.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("too many calls of the storage wait for an answer: %w", ctx.Err())
	}
	idle := make(chan struct{})
	l.idle = idle
	_, err := abandon(ctx, func(ctx context.Context) (struct{}, error) {
		defer func() { <-g.slots; close(idle) }()
		return struct{}{}, call(ctx)
	})
	return err
}

// Unlock implements Locked. A write that was left behind keeps the flow until
// it has ended.
func (l *sealedLock) Unlock() {
	select {
	case <-l.idle:
		l.held.release()
	default:
		go func() {
			<-l.idle
			l.held.release()
		}()
	}
}
