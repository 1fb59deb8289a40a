package caddymodule

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/caddyserver/certmagic"
)

// store writes, reads and deletes an entry of its own in Caddy's storage, if
// captured tokens are kept there.
func (d *doctor) store(c *examined) {
	if c.Apps.Partnersign.Persist == nil {
		return
	}
	var module struct{ Module string }
	_ = json.Unmarshal(c.Storage, &module)
	if d.offline && module.Module != "" && module.Module != "file_system" {
		return
	}
	limited, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		ctx, err := bench(c.Storage)
		if err != nil {
			done <- unusable{err}
			return
		}
		done <- tryStorage(limited, ctx.Storage())
	}()
	var err error
	select {
	case err = <-done:
	case <-limited.Done():
		err = errors.New("it has not answered in time")
	}
	if cannot, ok := errors.AsType[unusable](err); ok {
		d.errors("", "storage", cannot.error)
		return
	}
	f := finding{Level: levelOK, Check: "storage", Found: "an entry could be written, read and deleted again"}
	if err != nil {
		f = finding{levelProblem, "", "storage", err.Error(), "let the user that Caddy runs as read and write the storage; run this command as that user"}
	}
	d.add(f)
}

// unusable is why there is no storage to try.
type unusable struct{ error }

// tryStorage takes no directory of ours, which would belong to whoever runs it.
func tryStorage(ctx context.Context, s certmagic.Storage) (err error) {
	key, value := "partnersign-doctor-"+rand.Text(), []byte("test")
	if err := s.Store(ctx, key, value); err != nil {
		return fmt.Errorf("no entry can be written: %w", err)
	}
	read, err := s.Load(ctx, key)
	if err != nil {
		err = fmt.Errorf("an entry that was written cannot be read: %w", err)
	} else if !bytes.Equal(read, value) {
		err = errors.New("an entry is not what was written")
	}
	if gone := s.Delete(ctx, key); gone != nil {
		err = errors.Join(err, fmt.Errorf("the entry %s cannot be deleted: %w", key, gone))
	}
	return err
}
