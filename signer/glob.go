package signer

import (
	"errors"
	"slices"
	"strings"
)

// A Glob matches paths as they are sent, percent-encoding kept, letter case
// included: "*" is one segment that is not empty, "**" the rest or any number
// of segments, none included. `/wallets/**` matches /wallets, too.
type Glob struct{ segments []string }

// ParseGlob reads a glob: it begins with "/" or "**", and "*" and "**" stand
// for whole segments.
func ParseGlob(pattern string) (Glob, error) {
	rest, ok := strings.CutPrefix(pattern, "/")
	if !ok && !strings.HasPrefix(pattern, "**") {
		return Glob{}, errors.New(`a path pattern begins with "/" or "**"`)
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if strings.Contains(s, "*") && s != "*" && s != "**" {
			return Glob{}, errors.New(`"*" and "**" stand for whole path segments`)
		}
		if s == "" && i < len(segments)-1 {
			return Glob{}, errors.New(`a path pattern has no empty segments`)
		}
		if strings.ContainsAny(s, "?#") {
			return Glob{}, errors.New("a path pattern has neither a query nor a fragment")
		}
	}
	return Glob{segments}, nil
}

// Match reports whether path, which begins with "/", matches.
func (g Glob) Match(path string) bool {
	pattern := g.segments
	// Where to go on when the last "**" must take one segment more. Going
	// back further than the last one never helps, so time stays linear in the
	// path, which clients choose.
	var after []string
	var rest string
	starred := false
	for len(pattern) > 0 || path != "" {
		switch {
		case len(pattern) > 0 && pattern[0] == "**":
			pattern = pattern[1:]
			if len(pattern) == 0 {
				return true
			}
			starred, after, rest = true, pattern, path
			continue
		case len(pattern) > 0 && path != "":
			segment, next := nextSegment(path)
			if pattern[0] == segment || pattern[0] == "*" && segment != "" {
				pattern, path = pattern[1:], next
				continue
			}
		}
		if !starred || rest == "" {
			return false
		}
		_, rest = nextSegment(rest)
		pattern, path = after, rest
	}
	return true
}

// nextSegment cuts "/a/b" into "a" and "/b".
func nextSegment(path string) (segment, rest string) {
	path = path[1:]
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// A Match selects requests by method and path. The zero value selects all.
type Match struct {
	Methods []string // nil: any; GET includes HEAD
	Paths   []Glob   // nil: any
}

// ParseMatch reads "*" or methods separated by commas, and path globs.
func ParseMatch(methods string, globs ...string) (Match, error) {
	var m Match
	if methods != "*" {
		for _, method := range strings.Split(methods, ",") {
			if method == "" || strings.ContainsFunc(method, func(r rune) bool { return r < 'A' || r > 'Z' }) {
				return Match{}, errors.New(`expected "*" or methods in upper case, separated by commas, such as GET,POST`)
			}
			m.Methods = append(m.Methods, method)
		}
	}
	for _, pattern := range globs {
		g, err := ParseGlob(pattern)
		if err != nil {
			return Match{}, err
		}
		m.Paths = append(m.Paths, g)
	}
	return m, nil
}

// Matches reports whether a request with this method and this path, as sent,
// is selected.
func (m Match) Matches(method, path string) bool {
	if m.Methods != nil && !slices.Contains(m.Methods, method) && (method != "HEAD" || !slices.Contains(m.Methods, "GET")) {
		return false
	}
	return m.Paths == nil || slices.ContainsFunc(m.Paths, func(g Glob) bool { return g.Match(path) })
}
