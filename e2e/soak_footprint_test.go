package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A footprint is what a process takes.
type footprint struct {
	goroutines, descriptors int
	heap, resident          int64 // bytes; the heap's after a collection
}

func (f footprint) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MiB of heap, %.1f MiB resident", f.goroutines, f.descriptors, float64(f.heap)/(1<<20), float64(f.resident)/(1<<20))
}

// How much more of each may be left in the end.
var soakTolerance = footprint{goroutines: 6, descriptors: 4, heap: 6 << 20, resident: 48 << 20}

func (f footprint) exceeds(before footprint) bool {
	return f.goroutines > before.goroutines+soakTolerance.goroutines || f.descriptors > before.descriptors+soakTolerance.descriptors ||
		f.heap > before.heap+soakTolerance.heap || f.resident > before.resident+soakTolerance.resident
}

// footprint asks the process and the kernel.
func (p *process) footprint() (f footprint) {
	p.t.Helper()
	for _, line := range strings.Split(p.admin("/debug/pprof/heap?gc=1&debug=1"), "\n") {
		if text, ok := strings.CutPrefix(line, "# HeapAlloc = "); ok {
			f.heap, _ = strconv.ParseInt(text, 10, 64)
		}
	}
	_, total, _ := strings.Cut(strings.SplitN(p.admin("/debug/pprof/goroutine?debug=1"), "\n", 2)[0], "total ")
	f.goroutines, _ = strconv.Atoi(total)
	descriptors, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	f.descriptors = len(descriptors)
	fields := strings.Fields(readFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid)))
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || f.heap == 0 || f.goroutines == 0 {
		p.t.Fatalf("no footprint: %v", f)
	}
	f.resident = pages * int64(os.Getpagesize())
	return f
}

// resting is the least footprint, once it has not become less for two seconds;
// if there is one of before, once it is also within the tolerance of that.
func (p *process) resting(before *footprint) footprint {
	p.t.Helper()
	begin, least := time.Now(), p.footprint()
	for since := begin; ; time.Sleep(200 * time.Millisecond) {
		f := p.footprint()
		if f.goroutines < least.goroutines || f.descriptors < least.descriptors {
			since = time.Now()
		}
		least = footprint{min(least.goroutines, f.goroutines), min(least.descriptors, f.descriptors), min(least.heap, f.heap), min(least.resident, f.resident)}
		still := time.Since(since) > 2*time.Second && (before == nil || !least.exceeds(*before))
		if still || time.Since(begin) > 40*time.Second {
			return least
		}
	}
}

// leftovers are what is open, and the stacks of the goroutines.
func (p *process) leftovers() string {
	var open []string
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.cmd.Process.Pid))
	for _, link := range links {
		target, _ := os.Readlink(link)
		open = append(open, filepath.Base(link)+" "+target)
	}
	return strings.Join(open, "\n") + "\n" + p.admin("/debug/pprof/goroutine?debug=1")
}
