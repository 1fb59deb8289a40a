package keys

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// interval is the least time between two looks at a file.
	interval = time.Second
	// granularity is the coarsest modification time of the file systems in use.
	granularity = 2 * time.Second
)

// live is a value that was read from a file and follows it. It may also be
// fixed: without a path it never changes.
type live[T any] struct {
	source   reference
	parse    func([]byte) (T, error)
	reloaded func(source string, err error)

	state   atomic.Pointer[state[T]]
	looked  atomic.Int64 // Unix time in nanoseconds
	looking sync.Mutex
}

type state[T any] struct {
	value T                 // the last good one
	sum   [sha256.Size]byte // of the content that value was parsed from
	err   error             // why the file cannot be used now; nil: value is what it holds
	since time.Time         // when value was read; zero: with the configuration

	written time.Time // when the file that value was read from had been modified; zero: no file

	info    fs.FileInfo
	settled bool // false: the file may change again without info showing it
}

func fixed[T any](value T, err error) *live[T] {
	l := new(live[T])
	l.state.Store(&state[T]{value: value, err: err})
	return l
}

func follow[T any](source reference, parse func([]byte) (T, error), reloaded func(string, error), now time.Time) (*live[T], error) {
	l := &live[T]{source: source, parse: parse, reloaded: reloaded}
	first := l.read(now, new(state[T]))
	if first.err != nil {
		return nil, first.err
	}
	l.state.Store(first)
	l.looked.Store(now.UnixNano())
	return l, nil
}

// last returns the value without looking at the file.
func (l *live[T]) last() T { return l.state.Load().value }

// get looks at the file when it is time to, and returns the last good value
// with the reason why it is not the file's present content, if so. One
// goroutine looks, the others do not wait for it.
func (l *live[T]) get(now time.Time) (T, error) {
	if l.due(now) {
		l.tryLook(now)
	}
	s := l.state.Load()
	return s.value, s.err
}

// due also looks again when the clock was set back.
func (l *live[T]) due(now time.Time) bool {
	return l.source.path != "" && time.Duration(now.UnixNano()-l.looked.Load()).Abs() >= interval
}

func (l *live[T]) tryLook(now time.Time) {
	if !l.looking.TryLock() {
		return
	}
	defer l.looking.Unlock()
	if l.due(now) { // nobody has looked since the caller asked
		l.looked.Store(now.UnixNano())
		l.look(now)
	}
}

func (l *live[T]) look(now time.Time) {
	old := l.state.Load()
	if old.unchanged(l.source.path) {
		return
	}
	next := l.read(now, old)
	l.state.Store(next)
	if l.reloaded == nil {
		return
	}
	switch {
	case next.err == nil:
		if old.err != nil || next.sum != old.sum {
			l.reloaded(l.source.String(), nil)
		}
	case old.err == nil || old.err.Error() != next.err.Error():
		l.reloaded(l.source.String(), next.err)
	}
}

// read returns the state that follows old, after reading the file.
func (l *live[T]) read(now time.Time, old *state[T]) *state[T] {
	next := &state[T]{value: old.value, sum: old.sum, since: now}
	content, info, err := readFile(l.source.path)
	if err == nil {
		next.info = info
		next.settled = now.Sub(info.ModTime()) > granularity
		err = next.update(content, l.parse)
	}
	if next.sum == old.sum {
		next.since, next.written = old.since, old.written
	} else {
		next.written = info.ModTime()
	}
	if err != nil {
		next.err = fmt.Errorf("%s: %w", l.source, err)
	}
	return next
}

// update parses content unless the value comes from the same.
func (s *state[T]) update(content []byte, parse func([]byte) (T, error)) error {
	sum := sha256.Sum256(content)
	if sum == s.sum {
		return nil
	}
	value, err := parse(content)
	if err == nil {
		s.value, s.sum = value, sum
	}
	return err
}

// unchanged reports whether the file is the one that was read and good.
func (s *state[T]) unchanged(path string) bool {
	if s.err != nil || !s.settled {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, s.info) &&
		info.Size() == s.info.Size() && info.ModTime().Equal(s.info.ModTime())
}
