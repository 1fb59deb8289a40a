package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// What wrk says with wrk.lua.
const wrkSaid = `Running 1s test @ http://127.0.0.1:8080
  2 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.85ms    2.08ms   8.90ms   90.00%%
  7421 requests in 1.00s, 1.20MB read
Requests/sec:   7421.00
bench {"requests":7421,"microseconds":1000100,"p50":1849,"p99":8898,"connect":0,"read":0,"write":0,"status":%d,"timeout":%d}
`

func TestParseLoad(t *testing.T) {
	l, err := parseLoad(fmt.Appendf(nil, wrkSaid, 0, 0))
	if want := (load{Requests: 7421, Microseconds: 1000100, P50: 1849, P99: 8898}); err != nil || l != want {
		t.Errorf("got %+v, %v, want %+v", l, err, want)
	}
	for said, want := range map[string]string{
		fmt.Sprintf(wrkSaid, 3, 0): "3 answers were not",
		fmt.Sprintf(wrkSaid, 0, 5): "5 timed out",
		"unable to connect\n":      "wrk told no result",
		"\nbench {":                "wrk told {",
		"\nbench {}\n":             "completed no request",
	} {
		if _, err := parseLoad([]byte(said)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", said, err, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	s, err := parseStat([]byte("42 (a (b) c) S 7 42 42 0 -1 4194304 1 0 0 0 250 50 9 9 20 0 5 0 100 1 1"))
	if want := (procStat{42, 7, 3 * time.Second}); err != nil || s != want {
		t.Errorf("got %+v, %v, want %+v", s, err, want)
	}
	for _, line := range []string{"", "42", "42 (a) S 7", "x (a) S 7 42 42 0 -1 4194304 1 0 0 0 250 50 9", "42 )a( S"} {
		if s, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q: %+v", line, s)
		}
	}
}

func TestUsage(t *testing.T) {
	u, err := usageOf(os.Getpid())
	if err != nil || u.RSS < mib || u.Peak < u.RSS/2 {
		t.Errorf("got %+v, %v", u, err)
	}
	if got := memoryLine([]byte("VmPeak:\t  9 kB\nVmHWM:\t   1024 kB\n"), "VmHWM:"); got != mib {
		t.Errorf("VmHWM is %d", got)
	}
}

func TestParseCores(t *testing.T) {
	for list, want := range map[string][]int{"0": {0}, "0-2,5": {0, 1, 2, 5}, "": nil, "a": nil, "1-b": nil} {
		if got := parseCores(list); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", list, got, want)
		}
	}
}

func TestParseOptions(t *testing.T) {
	o, err := parseOptions([]string{"-quick", "-targets", "stock,hmac", "-rounds", "2"})
	if err != nil || !slices.Equal(o.Targets, []string{"stock", "hmac"}) || o.Rounds != 2 || o.Duration != time.Second || o.Many != 0 {
		t.Errorf("got %+v, %v", o, err)
	}
	if o, err = parseOptions(nil); err != nil || len(o.Targets) != len(targets) || len(o.workloads()) != 10 || o.Many != 10000 {
		t.Errorf("got %+v, %v", o, err)
	}
	for _, args := range []string{"-targets none", "-workloads none", "-connections 0", "-duration 1ms", "-many 10001", "word"} {
		if _, err := parseOptions(strings.Fields(args)); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
}
