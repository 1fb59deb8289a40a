package signer

import "sync/atomic"

// DefaultBodyMemory bounds the bodies that a Memory holds unless told
// otherwise: 64 MiB.
const DefaultBodyMemory = 64 << 20

// Memory bounds the bytes of all the bodies that are held at one time by the
// partners that share it. What does not fit is refused at once: a request that
// waited would hold what it has read, and all of them could wait for each other.
type Memory struct{ limit, used atomic.Int64 }

// NewMemory makes a Memory of limit bytes; 0 means DefaultBodyMemory.
func NewMemory(limit int64) *Memory {
	m := new(Memory)
	m.SetLimit(limit)
	return m
}

// SetLimit changes the limit; what is held stays.
func (m *Memory) SetLimit(limit int64) {
	if limit <= 0 {
		limit = DefaultBodyMemory
	}
	m.limit.Store(limit)
}

// Used is the number of bytes held now.
func (m *Memory) Used() int64 { return m.used.Load() }

// Limit is the number of bytes that may be held.
func (m *Memory) Limit() int64 { return m.limit.Load() }

// fits reports whether n bytes could be had now.
func (m *Memory) fits(n int64) bool { return n <= m.limit.Load()-m.used.Load() }

func (m *Memory) reserve(n int64) bool {
	for {
		used := m.used.Load()
		if n > m.limit.Load()-used {
			return false
		}
		if m.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

func (m *Memory) release(n int64) { m.used.Add(-n) }
