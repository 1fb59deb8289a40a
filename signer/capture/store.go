package capture

import (
	"context"
	"errors"
)

// A Store keeps one entry for each flow, and forgets by itself those that have
// expired. A flow's key is any text; it may name the client. Each call returns
// within seconds, even if what is behind it does not answer; only Lock waits for
// another holder, as long as its context lasts. A Store is safe for concurrent
// use.
type Store interface {
	// Load returns the entry, which may have expired. The error is ErrNotFound
	// if there is none and ErrDamaged if it cannot be used; any other says that
	// the store cannot be reached.
	Load(ctx context.Context, key string) (Entry, error)
	// Lock waits until nobody else holds the flow: no other request, and no
	// other process that shares the store. The error is ErrBusy if the context
	// is over first; any other says that the store cannot be reached.
	Lock(ctx context.Context, key string) (Locked, error)
}

// Locked is a flow in the hands of whoever writes it. It serves one goroutine.
type Locked interface {
	// Save keeps the entry in place of the one before. When it returns nil the
	// entry survives whatever the store promises to survive.
	Save(ctx context.Context, e Entry) error
	// Delete forgets the entry if it is still this token, and reports whether
	// it was.
	Delete(ctx context.Context, t Token) (bool, error)
	// Unlock gives the flow back. It is called once and works whatever has
	// become of the contexts.
	Unlock()
}

var (
	// ErrNotFound says that a store keeps nothing for a flow.
	ErrNotFound = errors.New("no token is stored for the flow")
	// ErrBusy says that somebody else held a flow for too long.
	ErrBusy = errors.New("another call holds the flow")
	// ErrDamaged says that what is stored is not what was stored: it was
	// changed, cut short or moved.
	ErrDamaged = errors.New("the stored token cannot be opened: it was changed, cut short or moved")
)
