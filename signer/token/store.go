package token

import (
	"sync"
	"time"
)

// maxEntries bounds what a process keeps: many times what one has partners.
const maxEntries = 256

// process is where every Cache keeps its tokens: they outlive the configuration
// that asked for them.
var process = newStore(maxEntries)

// A store keeps a bounded number of entries.
type store struct {
	max int

	mu      sync.Mutex
	entries map[ID]*entry
	uses    uint64
}

func newStore(max int) *store { return &store{max: max, entries: map[ID]*entry{}} }

// entry is the one of an id.
func (s *store) entry(id ID) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil {
		if len(s.entries) >= s.max {
			s.evict()
		}
		e = new(entry)
		s.entries[id] = e
	}
	s.uses++
	e.used = s.uses
	return e
}

// find is the entry of an id, or nil.
func (s *store) find(id ID) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries[id]
}

// evict makes place for one: what was not used for the longest time goes, of
// those with which nothing is lost if there are any.
func (s *store) evict() {
	var victim ID
	var least *entry
	idle, now := false, time.Now()
	for id, e := range s.entries {
		isIdle := e.isIdle(now)
		if least == nil || isIdle && !idle || isIdle == idle && e.used < least.used {
			victim, least, idle = id, e, isIdle
		}
	}
	delete(s.entries, victim)
}
