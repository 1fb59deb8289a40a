package keys_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

func TestFileNotPermitted(t *testing.T) {
	f := newFollowedFiles(t)
	const denied = "permission denied: let the user that runs this process read it"
	replace(t, f.secretPath, "newer")
	replace(t, f.keyPath, pkcs8(newKey))
	chmod := func(mode os.FileMode) {
		for _, path := range []string{f.secretPath, f.keyPath} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}

	chmod(0)
	asAnybody(t, f, func() {
		_, err := new(keys.Loader).Secret("{file." + f.secretPath + "}")
		wantError(t, err, f.secretPath, denied)
		_, err = new(keys.Loader).Key(f.keyPath, keys.KeyOptions{})
		wantError(t, err, f.keyPath, denied)
		f.advance(time.Second)
		f.want("", oldKey)
	})
	f.wantTold([]string{denied}, []string{denied})

	chmod(0o644) // changes neither size nor modification time
	asAnybody(t, f, func() {
		f.advance(time.Second)
		f.want("newer", newKey)
	})
	f.wantTold([]string{""}, []string{""})
}

// asAnybody runs f on a thread that may not read every file, as root's may.
func asAnybody(t *testing.T, files *followed, run func()) {
	t.Helper()
	for _, path := range []string{files.secretPath, files.keyPath} {
		for dir := filepath.Dir(path); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				t.Error(err)
				return
			}
		}
		run()
	}()
	<-done
}
