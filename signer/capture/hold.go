package capture

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// A hold is a lock of the storage's, together with this process's own.
type hold struct {
	store *Sealed
	name  string
	free  func()             // gives back this process's own
	end   context.CancelFunc // of the context that it was taken on
}

// hold waits for a lock of the storage's. It calls free if it does not get it,
// once the storage cannot give it any more.
func (s *Sealed) hold(ctx context.Context, name string, free func()) (*hold, error) {
	// Some storages keep a lock alive only as long as the context lasts that it
	// was taken on, so this one lasts until the lock is given back.
	own, end := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, end)
	h := &hold{s, name, free, end}
	taken, left := make(chan error), make(chan struct{})
	go func() {
		_, err := recovered(func() (struct{}, error) { return struct{}{}, s.storage.Lock(own, name) })
		select {
		case taken <- err:
		case <-left:
			h.drop(err)
		}
	}()
	select {
	case err := <-taken:
		if err == nil && stop() {
			return h, nil
		}
		h.drop(err)
		if ctx.Err() != nil {
			err = ErrBusy
		}
		return nil, err
	case <-ctx.Done():
		close(left)
		return nil, ErrBusy
	}
}

// drop is for a lock that nobody waits for any more, if it was given at all.
func (h *hold) drop(err error) {
	if err == nil {
		h.release()
		return
	}
	h.end()
	h.free()
}

// release gives the lock back. What does not work at once is tried again, for
// a while: the storage would keep the lock as long as this process lives.
func (h *hold) release() {
	err := h.unlock()
	if err == nil {
		h.end()
		h.free()
		return
	}
	h.store.observe(Event{Kind: StoreFailed, Err: err})
	go func() {
		for pause := time.Second; pause < time.Minute && err != nil; pause *= 2 {
			time.Sleep(pause)
			err = h.unlock()
		}
		h.end()
		h.free()
	}()
}

func (h *hold) unlock() error {
	ctx, cancel := h.store.guard.limit(context.Background())
	defer cancel()
	// Not one of the calls that are counted: it must not have to wait for them.
	_, err := abandon(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, h.store.storage.Unlock(ctx, h.name)
	})
	if errors.Is(err, fs.ErrNotExist) { // somebody took it for stale
		return nil
	}
	return err
}
