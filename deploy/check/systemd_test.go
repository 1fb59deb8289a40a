package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// systemd understands every line of the units, and rates the service as safe.
func TestSystemd(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		missing(t, "systemd-analyze is not here: install systemd")
	}
	dir := t.TempDir()
	for _, name := range []string{"partnersign.service", "partnersign.socket"} {
		unit, err := os.ReadFile("../systemd/" + name)
		if err != nil {
			t.Fatal(err)
		}
		// An executable that this machine has, for verify looks for it.
		text := strings.ReplaceAll(string(unit), "/usr/local/bin/caddy", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		cmd := exec.Command("systemd-analyze", args...)
		cmd.Dir = dir
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %s: %v", strings.Join(args, " "), err)
		}
		return string(output)
	}
	if said := run("verify", "--man=no", "./partnersign.service", "./partnersign.socket"); strings.Contains(said, "partnersign") {
		t.Errorf("verify:\n%s", said)
	}
	// In tenths: 1.5 of 10. What is left is the network.
	if said := run("security", "--offline=true", "--threshold=15", "--no-pager", "./partnersign.service"); !strings.Contains(said, "Overall exposure level for partnersign.service") {
		t.Errorf("security:\n%s", said)
	}
}

// missing skips where CI would fail.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
