package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/<pid>/stat, for user space always 10 ms.
const tick = time.Second / 100

// A procStat is what /proc/<pid>/stat says of a process.
type procStat struct {
	pid, parent int
	cpu         time.Duration // utime and stime
}

// parseStat reads one line of /proc/<pid>/stat. The command's name, in
// parentheses, may have spaces and parentheses of its own.
func parseStat(line []byte) (s procStat, err error) {
	begin, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if begin < 1 || end < begin {
		return s, fmt.Errorf("not a line of /proc/<pid>/stat: %q", line)
	}
	rest := strings.Fields(string(line[end+1:]))
	if len(rest) < 13 {
		return s, fmt.Errorf("a short line of /proc/<pid>/stat: %q", line)
	}
	var errs [4]error
	var utime, stime int64
	s.pid, errs[0] = strconv.Atoi(strings.TrimSpace(string(line[:begin])))
	s.parent, errs[1] = strconv.Atoi(rest[1])
	utime, errs[2] = strconv.ParseInt(rest[11], 10, 64)
	stime, errs[3] = strconv.ParseInt(rest[12], 10, 64)
	s.cpu = time.Duration(utime+stime) * tick
	return s, errors.Join(errs[:]...)
}

// processTree is root with all its descendants.
func processTree(root int) ([]procStat, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]procStat{}
	var tree []procStat
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		s, err := parseStat(line)
		if err != nil {
			return nil, err
		}
		children[s.parent] = append(children[s.parent], s)
		if s.pid == root {
			tree = append(tree, s)
		}
	}
	if len(tree) == 0 {
		return nil, fmt.Errorf("process %d has ended", root)
	}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i].pid]...)
	}
	return tree, nil
}

// A usage is what a process and its descendants have used.
type usage struct {
	CPU  time.Duration
	Peak int64 // bytes of memory; pages that several share count for each
	RSS  int64
}

func usageOf(root int) (u usage, err error) {
	tree, err := processTree(root)
	for _, s := range tree {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
		if err != nil {
			return u, err
		}
		u.CPU += s.cpu
		u.Peak += memoryLine(status, "VmHWM:")
		u.RSS += memoryLine(status, "VmRSS:")
	}
	return u, err
}

// memoryLine is a size in /proc/<pid>/status, in bytes.
func memoryLine(status []byte, name string) int64 {
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// resetPeak has the peak of memory count from now on (proc(5), clear_refs).
func resetPeak(root int) error {
	tree, err := processTree(root)
	for _, s := range tree {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.pid), []byte("5"), 0o200); err != nil {
			return err
		}
	}
	return err
}
