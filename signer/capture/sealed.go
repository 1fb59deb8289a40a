package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync/atomic"
	"time"
)

// SealedOptions describe a Sealed store. Storage and Key are required.
type SealedOptions struct {
	// Storage keeps the entries, for all processes that share it.
	Storage Storage
	// Key encrypts them.
	Key SealingKey
	// Previous are keys that entries may still be encrypted under. To change
	// the key, first give the new one as a previous one to every process that
	// shares the storage. Default: none.
	Previous []SealingKey
	// Prefix is what the keys in the storage begin with.
	// Default: partnersign/capture.
	Prefix string
	// Timeout bounds each call that does not wait for another holder.
	// Default: 2 s.
	Timeout time.Duration
	// Observe is told of what nobody waits for and went wrong. Default: nobody.
	Observe func(Event)
}

// What a Sealed store does unless told otherwise.
const (
	DefaultPrefix       = "partnersign/capture"
	DefaultStoreTimeout = 2 * time.Second
)

// Sealed is a store in a Storage. Each entry is sealed by AES-256-GCM together
// with its name and the time it expires; the name is an HMAC of the flow's key.
// Both keys are derived from the configured one. Whoever reads the storage
// learns how many tokens there are and when they were stored; whoever writes it
// can remove tokens and put back what was there before under the same name.
type Sealed struct {
	storage Storage
	sealers []*sealer // the first seals, all of them open
	prefix  string
	observe func(Event)
	guard   *guard
	locks   locks        // before those of the storage, which may have to be polled
	swept   atomic.Int64 // in Unix nanoseconds
}

// NewSealed makes the store, or says what is wrong with its options. It does not
// touch the storage.
func NewSealed(o SealedOptions) (*Sealed, error) {
	if o.Storage == nil {
		return nil, errors.New("a sealed store needs a storage")
	}
	s := &Sealed{
		storage: o.Storage,
		prefix:  cmp.Or(o.Prefix, DefaultPrefix),
		observe: o.Observe,
		guard:   &guard{cmp.Or(o.Timeout, DefaultStoreTimeout), make(chan struct{}, maxHanging)},
	}
	if s.observe == nil {
		s.observe = func(Event) {}
	}
	for _, key := range append([]SealingKey{o.Key}, o.Previous...) {
		if key.open == nil {
			return nil, errors.New("a sealed store needs a key: see ParseSealingKey")
		}
		sealer, err := newSealer(key)
		if err != nil {
			return nil, fmt.Errorf("the key of a sealed store cannot be used: %w", err)
		}
		s.sealers = append(s.sealers, sealer)
	}
	return s, nil
}

// Format keeps what the store holds out of logs, whatever the verb.
func (s *Sealed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[token store]") }

// Load implements Store.
func (s *Sealed) Load(ctx context.Context, key string) (Entry, error) {
	ctx, cancel := s.guard.limit(ctx)
	defer cancel()
	for _, sealer := range s.sealers {
		e, err := s.load(ctx, sealer, key)
		if !errors.Is(err, ErrNotFound) {
			return e, err
		}
	}
	return Entry{}, ErrNotFound
}

func (s *Sealed) load(ctx context.Context, sealer *sealer, key string) (Entry, error) {
	name := sealer.name(key)
	data, err := s.read(ctx, s.path(name))
	if err != nil {
		return Entry{}, err
	}
	flow, e, err := sealer.open(name, data)
	if err == nil && flow != key {
		err = ErrDamaged
	}
	return e, err
}

func (s *Sealed) read(ctx context.Context, path string) ([]byte, error) {
	data, err := run(ctx, s.guard, func(ctx context.Context) ([]byte, error) { return s.storage.Load(ctx, path) })
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotFound
	}
	return data, err
}

func (s *Sealed) path(name string) string { return path.Join(s.prefix, name) }

// Lock implements Store. That the storage can be reached is tried first: waiting
// for its lock has no end of its own.
func (s *Sealed) Lock(ctx context.Context, key string) (Locked, error) {
	name := s.lockName(key)
	free, err := s.locks.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err := s.Load(ctx, key); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDamaged) {
		free()
		return nil, err
	}
	held, err := s.hold(ctx, name, free)
	if err != nil {
		return nil, err
	}
	return &sealedLock{store: s, key: key, held: held, idle: closed}, nil
}

// lockName is the same for all processes that know the same keys, whichever of
// them comes first.
func (s *Sealed) lockName(key string) string {
	name := s.sealers[0].name(key)
	for _, other := range s.sealers[1:] {
		name = min(name, other.name(key))
	}
	return s.path(name)
}
