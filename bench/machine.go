package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A machine is where and with what a run was made.
type machine struct {
	Time       time.Time
	CPU        string
	Cores      int
	ProxyCores int // that a proxy may use
	Kernel     string
	Pinning    string
	Tools      []string // a line each, with versions
}

func thisMachine(ctx context.Context, l *lab) machine {
	cores := len(allowedCores())
	if l.pin.Proxies != "" {
		cores += l.pin.Cores
	}
	m := machine{Time: time.Now().UTC().Truncate(time.Second), CPU: cpuModel(), Cores: cores, ProxyCores: l.pin.Cores, Pinning: l.pin.String()}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	m.Kernel = "Linux " + strings.TrimSpace(string(kernel))
	m.Tools = []string{"bench built by " + runtime.Version()}
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} { // of all processes written in Go
		if value := os.Getenv(name); value != "" {
			m.Tools = append(m.Tools, name+"="+value)
		}
	}
	for _, command := range [][]string{
		{l.caddy, "version"}, {"wrk", "--version"}, {"node", "--version"}, {nginx(), "-v"}, {"haproxy", "-v"},
	} {
		out, _ := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput() // wrk's is an error
		line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		if line != "" {
			name := command[0][strings.LastIndexByte(command[0], '/')+1:]
			m.Tools = append(m.Tools, name+": "+line)
		}
	}
	return m
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(info), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(line, "\t :")
}
