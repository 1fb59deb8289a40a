package capture

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// A pattern matches paths as they are sent, percent-encoding kept, letter case
// included: ":name" and "*" are one segment that is not empty.
type pattern struct{ segments []string }

// values are what names stand for, as sent.
type values map[string]string

func parsePattern(text string) (pattern, error) {
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return pattern{}, errors.New(`a path begins with "/"`)
	}
	if strings.ContainsAny(rest, "?# ") {
		return pattern{}, errors.New("a path has neither a query, nor a fragment, nor spaces")
	}
	p := pattern{strings.Split(rest, "/")}
	var names []string
	for i, s := range p.segments {
		name, named := strings.CutPrefix(s, ":")
		switch {
		case named && !isName(name):
			return pattern{}, errors.New(`a name in a path is ":" with letters, digits and "_" up to the next "/"`)
		case named && slices.Contains(names, name):
			return pattern{}, errors.New("a path has :" + name + " twice")
		case !named && s != "*" && strings.Contains(s, "*"):
			return pattern{}, errors.New(`"*" stands for a whole path segment`)
		case s == "" && i < len(p.segments)-1:
			return pattern{}, errors.New("a path has no empty segments")
		case named:
			names = append(names, name)
		}
	}
	return p, nil
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	})
}

func isWild(segment string) bool { return segment == "*" || strings.HasPrefix(segment, ":") }

// match returns what the names of p stand for in path.
func (p pattern) match(path string) (values, bool) {
	rest := path
	for _, want := range p.segments {
		if rest == "" {
			return nil, false
		}
		var segment string
		segment, rest = nextSegment(rest)
		if segment != want && (segment == "" || !isWild(want)) {
			return nil, false
		}
	}
	if rest != "" {
		return nil, false
	}
	found := values{}
	for i, segment := range strings.Split(path[1:], "/") {
		if name, named := strings.CutPrefix(p.segments[i], ":"); named {
			found[name] = segment
		}
	}
	return found, true
}

// nextSegment cuts "/a/b" into "a" and "/b".
func nextSegment(path string) (segment, rest string) {
	path = path[1:]
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// has reports whether p has the name.
func (p pattern) has(name string) bool { return slices.Contains(p.segments, ":"+name) }

// overlaps reports whether some path matches both.
func (p pattern) overlaps(other pattern) bool {
	return slices.EqualFunc(p.segments, other.segments, func(a, b string) bool {
		return a == b || isWild(a) && b != "" || isWild(b) && a != ""
	})
}

// anonymous is p without its names: what stays the same when they are changed.
func (p pattern) anonymous() string {
	var b strings.Builder
	for _, s := range p.segments {
		if isWild(s) {
			s = ":"
		}
		b.WriteString("/" + s)
	}
	return b.String()
}

// decoded is what a segment stands for.
func decoded(segment string) string {
	text, err := url.PathUnescape(segment)
	if err != nil {
		return segment
	}
	return text
}
