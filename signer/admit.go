package signer

import (
	"net/url"
	"slices"
	"strings"
)

// A Rule lets requests pass.
type Rule struct {
	Match
	// Guarded lets guarded calls pass, too.
	Guarded bool
	// EncodedSlash lets "%2F" and "//" pass, which rules refuse otherwise
	// because partners disagree on what they mean.
	EncodedSlash bool
}

// Rules say which requests may pass.
type Rules struct {
	// Allow, when given, refuses everything that no rule of it matches.
	Allow []Rule
	// Guarded are calls that make, change or reveal credentials, users,
	// permissions, policies or exported keys. They pass only by a rule of
	// Allow that is guarded itself. They are recognised in every spelling
	// that a partner might accept: percent-encoded, in another letter case,
	// with ";parameters" or with a slash at the end.
	Guarded []Match
	// Unguarded are calls that Guarded matches and that are not meant, in
	// their one exact spelling.
	Unguarded []Match
}

// admit decides on a method and a path as it is sent.
func (r *Rules) admit(method, path string) *Problem {
	doubtful, problem := checkPath(path)
	if problem != nil {
		return problem
	}
	if r.Allow == nil && r.Guarded == nil {
		return nil
	}
	guarded := r.isGuarded(method, path)
	slashed := false
	for i := range r.Allow {
		rule := &r.Allow[i]
		if guarded && !rule.Guarded || !rule.Matches(method, path) {
			continue
		}
		if !doubtful || rule.EncodedSlash {
			return nil
		}
		slashed = true
	}
	switch {
	case slashed:
		return doubtfulPath()
	case guarded:
		return NotAllowed.Problem("this call changes or reveals credentials or permissions; an allow line for it that ends in the word guarded lets it pass")
	case doubtful && r.Allow == nil:
		return doubtfulPath()
	case r.Allow != nil:
		return NotAllowed.Problem("no allow line matches this method and path")
	}
	return nil
}

func doubtfulPath() *Problem {
	return NotAllowed.Problem(`the path holds "%%2F" or "//", which partners read differently; an allow line for it that ends in encoded_slash lets it pass`)
}

func (r *Rules) isGuarded(method, path string) bool {
	matches := func(m Match) bool { return m.Matches(method, path) }
	if r.Guarded == nil || slices.ContainsFunc(r.Unguarded, matches) {
		return false
	}
	method, path = strings.ToUpper(method), looseForm(path)
	return slices.ContainsFunc(r.Guarded, matches)
}

// loose prepares the patterns of guarded calls for looseForm.
func loose(ms []Match) []Match {
	loosened := make([]Match, len(ms))
	for i, m := range ms {
		loosened[i].Methods = m.Methods
		for _, g := range m.Paths {
			path := looseForm("/" + strings.Join(g.segments, "/"))
			loosened[i].Paths = append(loosened[i].Paths, Glob{strings.Split(path[1:], "/")})
		}
	}
	return loosened
}

// looseForm is the path as the most lenient partner would read it.
func looseForm(path string) string {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return path // checkPath has refused it
	}
	var b strings.Builder
	for segment := range strings.SplitSeq(strings.ToLower(decoded), "/") {
		segment, _, _ = strings.Cut(segment, ";")
		if segment != "" {
			b.WriteByte('/')
			b.WriteString(segment)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// checkPath refuses paths that partners, proxies and rules may read
// differently, instead of normalising them. A path with "%2F" or "//" is
// doubtful: it passes where no rules depend on its meaning.
func checkPath(path string) (doubtful bool, problem *Problem) {
	if path == "" || path[0] != '/' {
		return false, InvalidRequest.Problem(`the request target must be a path that begins with "/"`)
	}
	var segment [3]byte // enough of the decoded segment to tell "." and ".."
	n, params := 0, false
	endSegment := func() bool {
		dots := n == 1 && segment[0] == '.' || n == 2 && segment[0] == '.' && segment[1] == '.'
		n, params = 0, false
		return dots
	}
	for i := 0; i < len(path); i++ {
		c, encoded := path[i], false
		if c == '%' {
			hi, lo := unhex(path, i+1), unhex(path, i+2)
			if hi < 0 || lo < 0 {
				return false, InvalidRequest.Problem("the path holds an invalid percent-encoding")
			}
			c, encoded, i = byte(hi<<4|lo), true, i+2
		}
		switch {
		case c < 0x20 || c == 0x7f:
			return false, InvalidRequest.Problem("the path holds a control character")
		case c == '\\':
			return false, InvalidRequest.Problem("the path holds a backslash")
		case c >= 0x80 && !encoded || c == ' ' && !encoded:
			return false, InvalidRequest.Problem("the path holds a character that must be percent-encoded")
		case c == '/':
			if i > 0 && (encoded || path[i-1] == '/') {
				doubtful = true
			}
			if endSegment() {
				return false, dotSegment()
			}
		case c == ';':
			params = true // "..;" is ".." to some servers
		case !params && n < len(segment):
			segment[n] = c
			n++
		}
	}
	if endSegment() {
		return false, dotSegment()
	}
	return doubtful, nil
}

// checkMethod refuses what cannot be forwarded. TRACE makes a server send back
// what it got, credentials included (RFC 9110 section 9.3.8). Methods are
// letters and dashes; others, such as GET_0RTT, mean something to transports.
func checkMethod(method string) *Problem {
	switch {
	case strings.EqualFold(method, "CONNECT"), strings.EqualFold(method, "TRACE"):
		return InvalidRequest.Problem("CONNECT and TRACE cannot be forwarded to a partner")
	case strings.ContainsFunc(method, func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && r != '-' }):
		return InvalidRequest.Problem("the method must be of letters and dashes")
	}
	return nil
}

func dotSegment() *Problem {
	return InvalidRequest.Problem(`the path holds a segment "." or "..", plain or encoded`)
}

func unhex(s string, i int) int {
	if i >= len(s) {
		return -1
	}
	switch c := s[i]; {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
