package capture

import (
	"context"
	"sync"
)

// locks are held by name, within this process. The zero value is ready.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	turn  chan struct{} // has room for whoever holds it
	users int           // that hold it or wait; guarded by locks.mu
}

// lock waits for a name. free gives it back and is called once.
func (l *locks) lock(ctx context.Context, name string) (free func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*lock{}
	}
	k := l.held[name]
	if k == nil {
		k = &lock{turn: make(chan struct{}, 1)}
		l.held[name] = k
	}
	k.users++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.held, name)
		}
	}
	if ctx.Err() == nil {
		select {
		case k.turn <- struct{}{}:
			return func() { <-k.turn; leave() }, nil
		case <-ctx.Done():
		}
	}
	leave()
	return nil, ErrBusy
}
