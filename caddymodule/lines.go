package caddymodule

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/config"
)

// cutBlock gives ours each line of the block that follows, with its own block.
// Those that it leaves are returned as a block of the same directive.
func cutBlock(d *caddyfile.Dispenser, directive caddyfile.Token, ours func(caddyfile.Segment) (bool, error)) (caddyfile.Segment, error) {
	rest := caddyfile.Segment{directive}
	for d.NextBlock(0) {
		if len(rest) == 1 {
			d.Prev()
			rest = append(rest, d.Token()) // the opening brace
			d.Next()
		}
		segment := d.NextSegment()
		switch is, err := ours(segment); {
		case err != nil:
			return nil, err
		case !is:
			rest = append(rest, segment...)
		}
	}
	if len(rest) > 1 {
		rest = append(rest, d.Token()) // the closing one
	}
	return rest, nil
}

// read has parse read a line, with its block, into what it is a part of, and
// has that checked, so that the error names the line.
func read[T any](segment caddyfile.Segment, parse func(*caddyfile.Dispenser, T) error, into T, check func(T) error) error {
	d := caddyfile.NewDispenser(segment)
	d.Next() // the line's name
	if err := parse(d, into); err != nil {
		return err
	}
	if d.Next() {
		return d.Errf("%s takes no block: remove the braces and what is between them", segment[0].Text)
	}
	d.Reset()
	d.Next()
	return wrap(d, check(into))
}

// checkSoFar checks a partner that may still lack its upstream.
func checkSoFar(c *config.Config) error {
	sofar := *c
	if sofar.Upstream == "" {
		sofar.Upstream = "https://localhost"
	}
	return sofar.Check()
}

// oneArgument is the only argument of a line.
func oneArgument(d *caddyfile.Dispenser) (string, error) {
	name := d.Val()
	args := d.RemainingArgs()
	if len(args) != 1 || args[0] == "" {
		return "", d.Errf("%s takes one argument", name)
	}
	return args[0], nil
}

func oneSize(d *caddyfile.Dispenser) (int64, error) {
	name := d.Val()
	text, err := oneArgument(d)
	if err != nil {
		return 0, err
	}
	size, err := humanize.ParseBytes(text)
	if err != nil || size == 0 || size > 1<<40 {
		return 0, d.Errf("%s: expected a size such as 10MiB", name)
	}
	return int64(size), nil
}

// readBlock reads the lines of a block, each name once but for those that are
// repeatable. It has them checked before the first and after each, so that the
// error names the line.
func readBlock(d *caddyfile.Dispenser, name string, check func() error, line func(name string, args []string) error, repeatable ...string) error {
	seen := map[string]bool{}
	for nesting := d.Nesting(); ; {
		if err := check(); err != nil {
			return d.Errf("%s: %w", name, err)
		}
		if !d.NextBlock(nesting) {
			return nil
		}
		if seen[d.Val()] && !slices.Contains(repeatable, d.Val()) {
			return twice(d)
		}
		seen[d.Val()] = true
		if err := line(d.Val(), d.RemainingArgs()); err != nil {
			return err
		}
	}
}

// checked is for blocks whose lines check themselves.
func checked() error { return nil }

// setting is the one argument of a line, checked. What it is expected to be is
// told, what it is not.
func setting(d *caddyfile.Dispenser, name string, args []string, into *string, check func(string) error, expected string) error {
	if len(args) != 1 || args[0] == "" {
		return d.Errf("%s: expected %s", name, expected)
	}
	if err := check(args[0]); err != nil {
		return d.Errf("%s: %w", name, err)
	}
	*into = args[0]
	return nil
}

// at is a dispenser for errors about a line that has been read.
func at(line caddyfile.Token) *caddyfile.Dispenser {
	d := caddyfile.NewDispenser([]caddyfile.Token{line})
	d.Next()
	return d
}

// readOn is the value of on <METHODS|*> <glob>…
func readOn(d *caddyfile.Dispenser, args []string) (*config.Match, error) {
	m, err := match(args)
	if err != nil {
		return nil, d.Errf("on: %w", err)
	}
	return m, nil
}

func match(args []string) (*config.Match, error) {
	if len(args) < 2 {
		return nil, errors.New("expected * or methods separated by commas, and path globs, such as GET,POST /v1/**")
	}
	if _, err := signer.ParseMatch(args[0], args[1:]...); err != nil {
		return nil, err
	}
	m := &config.Match{Paths: args[1:]}
	if args[0] != "*" {
		m.Methods = strings.Split(args[0], ",")
	}
	return m, nil
}

func twice(d *caddyfile.Dispenser) error {
	return d.Errf("%s is there twice: remove one of them", d.Val())
}

// unknown names the subdirectives that there are, not the one that there is
// not: that may be a secret on a line of its own.
func unknown(d *caddyfile.Dispenser, known ...string) error {
	return d.Errf("unknown subdirective: expected %s", strings.Join(known, ", "))
}

// places are at the end of an error of a dispenser.
var places = regexp.MustCompile(`(, at [^,]+:[0-9]+( import chain \['[^']*'\])?)*$`)

// foreign is an error of one of Caddy's parsers, which repeat what they cannot
// read. Where that is a word of these tokens it may be a secret on a wrong
// line: then the error tells the place and what could stand there.
func foreign(err error, tokens []caddyfile.Token, parser string, ours ...string) error {
	text := err.Error()
	place := places.FindString(text)
	text = strings.TrimSuffix(text, place)
	if !slices.ContainsFunc(tokens, func(t caddyfile.Token) bool { return len(t.Text) > 3 && strings.Contains(text, t.Text) }) {
		return err
	}
	expected := append(ours, "what "+parser+" takes: https://caddyserver.com/docs/caddyfile/directives/reverse_proxy")
	return errors.New("this line cannot be read: expected " + strings.Join(expected, ", ") + place)
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func wrap(d *caddyfile.Dispenser, err error) error {
	if err == nil {
		return nil
	}
	return d.WrapErr(err)
}
