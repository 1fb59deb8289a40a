package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needsWrk skips where wrk is missing, which it may not in CI.
func needsWrk(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("wrk"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("wrk is not on this machine")
	}
}

// The whole program, with a Caddy that it builds.
func TestQuick(t *testing.T) {
	needsWrk(t)
	dir := t.TempDir()
	command, out := filepath.Join(dir, "bench"), filepath.Join(dir, "out")
	if text, err := exec.Command("go", "build", "-buildvcs=false", "-o", command, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if text, err := exec.Command(command, "-quick", "-targets", "stock,hmac", "-out", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	report, err := os.ReadFile(filepath.Join(out, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| stock reverse_proxy | ", "| partnersign hmac-sha256 | ", "CPU, hmac / stock", "(cpu-c16.svg)"} {
		if !strings.Contains(string(report), want) {
			t.Errorf("no %q in\n%s", want, report)
		}
	}
	for _, file := range []string{"results.json", "cpu-c16.svg", "memory-c16.svg"} {
		if info, err := os.Stat(filepath.Join(out, file)); err != nil || info.Size() < 500 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
}
