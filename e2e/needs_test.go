package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// lacks skips a test that this machine cannot run. CI has to.
func lacks(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// needsCommand skips where a command is missing, which it may not in CI.
func needsCommand(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		lacks(t, "%s is not on this machine", name)
	}
}
