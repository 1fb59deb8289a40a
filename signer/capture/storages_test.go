package capture_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/partnersign/partnersign/signer/capture"
)

// A shelf is a Storage in memory that can break.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
	locks  map[string]chan struct{}
	down   func(call string) error // nil: it works; may hang
	calls  map[string]int
}

func newShelf() *shelf {
	return &shelf{values: map[string][]byte{}, locks: map[string]chan struct{}{}, calls: map[string]int{}}
}

func (s *shelf) breaks(down func(call string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// at begins a call; the storage is locked if it returns nil.
func (s *shelf) at(call string) error {
	s.mu.Lock()
	s.calls[call]++
	down := s.down
	s.mu.Unlock()
	if down != nil {
		if err := down(call); err != nil {
			return err
		}
	}
	s.mu.Lock()
	return nil
}

func (s *shelf) Store(_ context.Context, key string, value []byte) error {
	if err := s.at("Store"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.values[key] = append([]byte(nil), value...)
	return nil
}

func (s *shelf) Load(_ context.Context, key string) ([]byte, error) {
	if err := s.at("Load"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	value, ok := s.values[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return value, nil
}

func (s *shelf) Delete(_ context.Context, key string) error {
	if err := s.at("Delete"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	delete(s.values, key)
	return nil
}

func (s *shelf) List(_ context.Context, prefix string, _ bool) (keys []string, _ error) {
	if err := s.at("List"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	for key := range s.values {
		if strings.HasPrefix(key, prefix+"/") {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (s *shelf) Lock(ctx context.Context, name string) error {
	if err := s.at("Lock"); err != nil {
		return err
	}
	held := s.locks[name]
	if held == nil {
		held = make(chan struct{}, 1)
		s.locks[name] = held
	}
	s.mu.Unlock()
	select {
	case held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shelf) Unlock(_ context.Context, name string) error {
	if err := s.at("Unlock"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	select {
	case <-s.locks[name]:
		return nil
	default:
		return errors.New("nobody holds " + name)
	}
}

// held counts the locks that somebody holds.
func (s *shelf) held() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range s.locks {
		n += len(held)
	}
	return n
}

// only is the one entry, and its key.
func (s *shelf) only() (key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value = range s.values {
	}
	if len(s.values) != 1 {
		panic("not one entry")
	}
	return key, value
}

func (s *shelf) put(key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
}

// A folder is a Storage of files, as Caddy's default one.
type folder string

func (f folder) file(key string) string { return filepath.Join(string(f), filepath.FromSlash(key)) }

func (f folder) Store(_ context.Context, key string, value []byte) error {
	if err := os.MkdirAll(filepath.Dir(f.file(key)), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(string(f), "new-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(value)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), f.file(key))
}

func (f folder) Load(_ context.Context, key string) ([]byte, error) { return os.ReadFile(f.file(key)) }

func (f folder) Delete(_ context.Context, key string) error { return os.RemoveAll(f.file(key)) }

func (f folder) List(_ context.Context, prefix string, _ bool) (keys []string, _ error) {
	entries, err := os.ReadDir(f.file(prefix))
	for _, entry := range entries {
		keys = append(keys, path.Join(prefix, entry.Name()))
	}
	return keys, err
}

func (f folder) lockFile(name string) string {
	return f.file("locks/" + strings.ReplaceAll(name, "/", "_"))
}

func (f folder) Lock(ctx context.Context, name string) error {
	_ = os.MkdirAll(f.file("locks"), 0o700)
	for {
		file, err := os.OpenFile(f.lockFile(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			return file.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (f folder) Unlock(_ context.Context, name string) error { return os.Remove(f.lockFile(name)) }

var (
	_ capture.Storage = (*shelf)(nil)
	_ capture.Storage = folder("")
)
