package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed wrk.lua
var wrkScript []byte

// A wrk drives requests with the command of this name.
type wrk struct {
	script  string
	threads int
}

func newWrk(dir string, threads int) (*wrk, error) {
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, errors.New("wrk, which sends the requests, is not installed: apt-get install wrk")
	}
	script := filepath.Join(dir, "wrk.lua")
	return &wrk{script, threads}, os.WriteFile(script, wrkScript, 0o644)
}

// A load is what wrk tells of one run. Latencies are in microseconds.
type load struct {
	Requests     int64
	Microseconds int64
	P50, P99     int64

	Connect, Read, Write, Status, Timeout int64 // errors
}

// run sends w to the proxy at base for d.
func (k *wrk) run(ctx context.Context, base string, w workload, d time.Duration) (load, error) {
	body := "plain"
	if w.Chunked {
		body = "chunked"
	}
	cmd := exec.CommandContext(ctx, "wrk", "--threads", strconv.Itoa(min(k.threads, w.Connections)),
		"--connections", strconv.Itoa(w.Connections), "--duration", fmt.Sprintf("%.0fs", max(1, d.Seconds())),
		"--timeout", "10s", "--script", k.script, base, "--",
		w.Method, w.Path, strconv.Itoa(w.Size), body, strconv.Itoa(w.Spread))
	if w.Spread > 0 {
		cmd.Env = append(os.Environ(), "BENCH_SPREAD=1")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	return parseLoad(out)
}

// parseLoad reads the line of wrk.lua among what wrk says. What went wrong in
// any request is an error.
func parseLoad(out []byte) (l load, err error) {
	_, line, found := bytes.Cut(out, []byte("\nbench "))
	if !found {
		return l, fmt.Errorf("wrk told no result:\n%s", out)
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	if err := json.Unmarshal(line, &l); err != nil {
		return l, fmt.Errorf("wrk told %s: %w", line, err)
	}
	if l.Connect+l.Read+l.Write+l.Status+l.Timeout > 0 {
		return l, fmt.Errorf("wrk: %d connections refused, %d reads and %d writes failed, %d answers were not 2xx or 3xx, %d timed out",
			l.Connect, l.Read, l.Write, l.Status, l.Timeout)
	}
	if l.Requests == 0 || l.Microseconds == 0 {
		return l, errors.New("wrk completed no request")
	}
	return l, nil
}
