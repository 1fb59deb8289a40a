package capture

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// MemoryOptions bound a Memory.
type MemoryOptions struct {
	// Entries is how many tokens it keeps at most. Default: 10,000.
	Entries int
	// Bytes is what they may take together. Default: 16 MiB.
	Bytes int64
	// Observe is told of each token that was still good and had to go: one
	// Event with Evicted. Default: nobody.
	Observe func(Event)
}

// What a Memory is bounded to unless told otherwise.
const (
	DefaultEntries = 10_000
	DefaultBytes   = 16 << 20
)

// Memory is a store in this process. It outlives configurations when the program
// keeps one for all of them, and ends with the process. When it is full the
// token goes that was not used for longest.
type Memory struct {
	o     MemoryOptions
	locks locks

	mu      sync.Mutex
	entries map[string]*list.Element // of *kept
	used    *list.List               // the latest first
	bytes   int64
	swept   time.Time
}

type kept struct {
	key string
	Entry
}

// size is about what k takes in memory.
func (k *kept) size() int64 { return int64(len(k.key)+len(k.Token.Reveal())) + 300 }

// NewMemory makes an empty store.
func NewMemory(o MemoryOptions) *Memory {
	o.Entries = cmp.Or(o.Entries, DefaultEntries)
	o.Bytes = cmp.Or(o.Bytes, DefaultBytes)
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	return &Memory{o: o, entries: map[string]*list.Element{}, used: list.New()}
}

// Format keeps what the store holds out of logs, whatever the verb.
func (m *Memory) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[token store]") }

// Load implements Store.
func (m *Memory) Load(_ context.Context, key string) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.entries[key]
	if at == nil {
		return Entry{}, ErrNotFound
	}
	m.used.MoveToFront(at)
	return at.Value.(*kept).Entry, nil
}

// Lock implements Store.
func (m *Memory) Lock(ctx context.Context, key string) (Locked, error) {
	free, err := m.locks.lock(ctx, key)
	if err != nil {
		return nil, err
	}
	return &memoryLock{m, key, free}, nil
}

type memoryLock struct {
	memory *Memory
	key    string
	free   func()
}

func (l *memoryLock) Unlock() { l.free() }

func (l *memoryLock) Save(_ context.Context, e Entry) error {
	return l.memory.save(&kept{l.key, e}, time.Now())
}

func (l *memoryLock) Delete(_ context.Context, t Token) (bool, error) {
	m := l.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.entries[l.key]
	if at == nil || !at.Value.(*kept).Token.Equal(t) {
		return false, nil
	}
	m.remove(at)
	return true, nil
}

func (m *Memory) save(k *kept, now time.Time) error {
	if k.size() > m.o.Bytes {
		return errors.New("the token is larger than all the memory for tokens")
	}
	evicted := m.put(k, now)
	for range evicted {
		m.o.Observe(Event{Kind: Evicted, Err: errors.New("the memory for captured tokens is full; the one that was not used for longest is lost")})
	}
	return nil
}

// put returns how many good tokens had to go.
func (m *Memory) put(k *kept, now time.Time) (evicted int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.entries[k.key]; at != nil {
		m.remove(at)
	}
	if now.Sub(m.swept) >= time.Minute {
		m.sweep(now)
	}
	m.entries[k.key] = m.used.PushFront(k)
	m.bytes += k.size()
	for len(m.entries) > m.o.Entries || m.bytes > m.o.Bytes {
		last := m.used.Back()
		if last.Value.(*kept).Expires.After(now) {
			evicted++
		}
		m.remove(last)
	}
	return evicted
}

// sweep forgets what has expired.
func (m *Memory) sweep(now time.Time) {
	m.swept = now
	for at := m.used.Front(); at != nil; {
		next := at.Next()
		if !at.Value.(*kept).Expires.After(now) {
			m.remove(at)
		}
		at = next
	}
}

func (m *Memory) remove(at *list.Element) {
	k := m.used.Remove(at).(*kept)
	delete(m.entries, k.key)
	m.bytes -= k.size()
}
