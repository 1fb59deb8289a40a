package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// A pinning gives the proxies cores of their own, if there are four or more.
type pinning struct {
	Proxies string // list of cores, as of taskset; empty: none were given
	Cores   int    // that a proxy may use
}

// coresVariable tells the restarted program which cores are the proxies'.
const coresVariable = "BENCH_PROXY_CORES"

// pinCores restarts the program on the first half of the cores, with partner
// and wrk; the proxies get the other half.
func pinCores() (pinning, error) {
	if list, pinned := os.LookupEnv(coresVariable); pinned {
		return pinning{list, len(parseCores(list))}, nil
	}
	cores := allowedCores()
	taskset, err := exec.LookPath("taskset")
	if len(cores) < 4 || err != nil {
		return pinning{Cores: runtime.NumCPU()}, nil
	}
	half := len(cores) / 2
	self, err := os.Executable()
	if err != nil {
		return pinning{}, err
	}
	args := append([]string{taskset, "-c", joinCores(cores[:half]), self}, os.Args[1:]...)
	err = syscall.Exec(taskset, args, append(os.Environ(), coresVariable+"="+joinCores(cores[half:])))
	return pinning{}, fmt.Errorf("taskset: %w", err)
}

// proxy is what comes before the command of a proxy.
func (p pinning) proxy() []string {
	if p.Proxies == "" {
		return nil
	}
	return []string{"taskset", "-c", p.Proxies}
}

// String is for the report.
func (p pinning) String() string {
	if p.Proxies == "" {
		return fmt.Sprintf("nothing is pinned: wrk, partner and proxy share %d cores", p.Cores)
	}
	return "proxies run on cores " + p.Proxies + " (taskset), wrk and partner on the others"
}

// allowedCores are those that this process may run on.
func allowedCores() []int {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	line, _, _ := strings.Cut(rest, "\n")
	return parseCores(strings.TrimSpace(line))
}

// parseCores reads a list such as 0-3,8.
func parseCores(list string) (cores []int) {
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil
		}
		to := from
		if isRange {
			if to, err = strconv.Atoi(last); err != nil {
				return nil
			}
		}
		for ; from <= to; from++ {
			cores = append(cores, from)
		}
	}
	return cores
}

func joinCores(cores []int) string {
	words := make([]string, len(cores))
	for i, core := range cores {
		words[i] = strconv.Itoa(core)
	}
	return strings.Join(words, ",")
}
