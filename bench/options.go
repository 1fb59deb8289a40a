package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are what a run was asked for.
type options struct {
	Targets     []string
	Workloads   []string
	Connections []int
	Rounds      int
	Duration    time.Duration // of one measurement
	WarmUp      time.Duration
	Many        int // partners in one configuration

	quick   bool
	out     string
	caddy   string
	profile string
}

var errHelp = flag.ErrHelp

func parseOptions(args []string) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&o.quick, "quick", false, "a second for each measurement, one round, POST 1 KiB alone; other flags still count")
	names := flags.String("targets", "", "comma-separated targets; default: all of "+strings.Join(targetNames(), ","))
	loads := flags.String("workloads", "", "comma-separated workloads of get, post-1k, post-64k, post-1m, stream; default: all")
	connections := flags.String("connections", "", "comma-separated numbers of connections (default 16,64)")
	flags.IntVar(&o.Rounds, "rounds", 0, "how often each is measured, in turn (default 5)")
	flags.DurationVar(&o.Duration, "duration", 0, "of one measurement, in whole seconds (default 4s)")
	flags.DurationVar(&o.WarmUp, "warmup", time.Second, "before each measurement, in whole seconds")
	flags.IntVar(&o.Many, "many", -1, "partners in one configuration; 0: leave that out (default 10000)")
	flags.StringVar(&o.out, "out", "", "a directory for report.md, plots and raw results; default: report to stdout")
	flags.StringVar(&o.caddy, "caddy", "", "a Caddy with partnersign to measure; default: build ./cmd/caddy")
	flags.StringVar(&o.profile, "profile", "", "only write a CPU profile of partnersign under the chosen targets and workloads to this file")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	o.Targets, o.Workloads = list(*names), list(*loads)
	if o.Connections, err = numbers(*connections); err != nil {
		return o, err
	}
	o.fill()
	return o, o.check()
}

// fill gives what was not asked for its default.
func (o *options) fill() {
	rounds, duration, connections, many := 5, 4*time.Second, []int{16, 64}, 10000
	loads := []string{"get", "post-1k", "post-64k", "post-1m", "stream"}
	if o.quick {
		rounds, duration, connections, many, loads = 1, time.Second, []int{16}, 0, []string{"post-1k"}
	}
	if o.Rounds == 0 {
		o.Rounds = rounds
	}
	if o.Duration == 0 {
		o.Duration = duration
	}
	if o.Many < 0 {
		o.Many = many
	}
	if len(o.Connections) == 0 {
		o.Connections = connections
	}
	if len(o.Workloads) == 0 {
		o.Workloads = loads
	}
	if len(o.Targets) == 0 {
		o.Targets = targetNames()
	}
}

func (o *options) check() error {
	for _, name := range o.Targets {
		if !slices.Contains(targetNames(), name) {
			return fmt.Errorf("there is no target %q: use %s", name, strings.Join(targetNames(), ", "))
		}
	}
	for _, name := range o.Workloads {
		if titles[name] == "" {
			return fmt.Errorf("there is no workload %q: see -help", name)
		}
	}
	if o.Rounds < 1 || o.Duration < time.Second || o.WarmUp < time.Second {
		return errors.New("-rounds is at least 1, -duration and -warmup at least 1s")
	}
	if o.Many > 10000 {
		return errors.New("-many is at most 10000: partners have numbers of four digits")
	}
	return nil
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

func numbers(text string) (all []int, err error) {
	for _, word := range list(text) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of connections", word)
		}
		all = append(all, n)
	}
	return all, nil
}
