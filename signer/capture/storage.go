package capture

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Storage is where a Sealed store keeps its entries; a certmagic.Storage is
// one. Keys are relative paths with slashes. It is safe for concurrent use.
type Storage interface {
	// Store keeps value under key, in place of the one before. Others see the
	// old value or the new one, whatever happens meanwhile.
	Store(ctx context.Context, key string, value []byte) error
	// Load returns the value; fs.ErrNotExist if there is none.
	Load(ctx context.Context, key string) ([]byte, error)
	// Delete forgets the value. It is no error if there is none.
	Delete(ctx context.Context, key string) error
	// List returns the keys below a prefix. Without any it may be
	// fs.ErrNotExist.
	List(ctx context.Context, prefix string, recursive bool) ([]string, error)
	// Lock waits until no other process holds the name.
	Lock(ctx context.Context, name string) error
	// Unlock gives the name back.
	Unlock(ctx context.Context, name string) error
}

// maxHanging is how many calls of a storage may be under way at once, those that
// were left behind included: each takes a goroutine.
const maxHanging = 128

// A guard keeps a storage that hangs from holding anybody up.
type guard struct {
	timeout time.Duration
	slots   chan struct{}
}

// limit is a context that ends with ctx or when the time is over. It carries no
// value of the request: a proxy's transport finds in them where to connect to,
// and a storage may have a transport of its own.
func (g *guard) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	limited, cancel := context.WithTimeout(context.Background(), g.timeout)
	stop := context.AfterFunc(ctx, cancel)
	return limited, func() { stop(); cancel() }
}

// run makes a call, which may not look at its context, and leaves it behind when
// the context is over.
func run[T any](ctx context.Context, g *guard, call func(context.Context) (T, error)) (T, error) {
	select {
	case g.slots <- struct{}{}:
		return abandon(ctx, func(ctx context.Context) (T, error) {
			defer func() { <-g.slots }()
			return call(ctx)
		})
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("too many calls of the storage wait for an answer: %w", ctx.Err())
	}
}

func abandon[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := recovered(func() (T, error) { return call(ctx) })
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("the storage has not answered in time: %w", ctx.Err())
	}
}

// recovered makes an error of a panic, which would end the process: on a
// goroutine of ours no server is above it.
func recovered[T any](call func() (T, error)) (value T, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the storage panicked")
		}
	}()
	return call()
}
