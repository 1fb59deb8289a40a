package capture

import (
	"context"
	"errors"
	"io/fs"
)

// Count is how many tokens the store keeps, of which some may have expired.
func (m *Memory) Count(context.Context) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries), nil
}

// Count is how many tokens the storage keeps, of all that share it; some may
// have expired.
func (s *Sealed) Count(ctx context.Context) (int, error) {
	ctx, cancel := s.guard.limit(ctx)
	defer cancel()
	names, err := run(ctx, s.guard, func(ctx context.Context) ([]string, error) { return s.storage.List(ctx, s.prefix, false) })
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return len(names), err
}
