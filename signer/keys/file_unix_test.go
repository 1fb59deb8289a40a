//go:build unix

package keys_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// A FIFO without a writer must not block, at load or later.
func TestFilesThatAreNotRegular(t *testing.T) {
	dir, err := os.MkdirTemp("", "") // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	fifo, socket, loop := filepath.Join(dir, "fifo"), filepath.Join(dir, "socket"), filepath.Join(dir, "loop")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	link(t, "loop", loop)

	tests := []struct{ path, want string }{
		{fifo, "not a regular file"},
		{socket, "not a regular file"},
		{"/dev/zero", "not a regular file"},
		{loop, "the file cannot be read"},
	}
	for _, tt := range tests {
		_, err := new(keys.Loader).Secret("{file." + tt.path + "}")
		wantError(t, err, tt.path, tt.want)
		_, err = new(keys.Loader).Key(tt.path, keys.KeyOptions{})
		wantError(t, err, tt.path, tt.want)
	}

	f := newFollowedFiles(t)
	for _, path := range []string{f.secretPath, f.keyPath} {
		if err := syscall.Mkfifo(path+".new", 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	f.advance(time.Second)
	f.want("", oldKey)
}
