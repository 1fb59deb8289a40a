package caddymodule

import (
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
)

// parseRetry reads
//
//	retry {
//	    on <METHODS|*> <glob>…
//	    body_has <JSON pointer>
//	    status <code>…
//	    attempts <n>
//	    backoff <min> <max>
//	}
func parseRetry(d *caddyfile.Dispenser, c *config.Config) error {
	if d.NextArg() {
		return d.Err("retry takes a block and no arguments")
	}
	var r config.Retry
	sofar := func() error {
		r := r
		if r.Status == nil {
			r.Status = []int{502}
		}
		return r.Check()
	}
	err := readBlock(d, "retry", sofar, func(name string, args []string) (err error) {
		line, ok := retryLines[name]
		switch {
		case name == "on":
			r.On, err = readOn(d, args)
		case !ok:
			err = unknown(d, append(names(retryLines), "on")...)
		case !line.read(&r, args):
			err = d.Errf("%s: expected %s", name, line.expected)
		}
		return err
	})
	c.Retries = append(c.Retries, r)
	return err
}

// retryLines are the lines of a retry block. They are read, or are not as expected.
var retryLines = map[string]struct {
	expected string
	read     func(*config.Retry, []string) bool
}{
	"body_has": {"a JSON pointer, such as /externalId", func(r *config.Retry, args []string) bool {
		if len(args) == 1 {
			r.BodyHas = args[0]
		}
		return len(args) == 1
	}},
	"status": {"status codes from 400 to 599", func(r *config.Retry, args []string) bool {
		for _, arg := range args {
			code, err := strconv.Atoi(arg)
			if err != nil {
				return false
			}
			r.Status = append(r.Status, code)
		}
		return len(args) > 0
	}},
	"attempts": {"how often a request is sent at most, from 2 to 100", func(r *config.Retry, args []string) bool {
		if len(args) != 1 {
			return false
		}
		var err error
		r.Attempts, err = strconv.Atoi(args[0])
		return err == nil && r.Attempts >= 2
	}},
	"backoff": {"two durations, such as 200ms 5s", func(r *config.Retry, args []string) bool {
		if len(args) != 2 {
			return false
		}
		low, err1 := caddy.ParseDuration(args[0])
		high, err2 := caddy.ParseDuration(args[1])
		r.MinBackoff, r.MaxBackoff = config.Duration(low), config.Duration(high)
		return err1 == nil && err2 == nil && low > 0
	}},
}
