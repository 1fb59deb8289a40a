package keys

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Text is a text that may hold secrets and the time, such as the value of a
// header. It prints as [text]; only Value and Literal give it away. The zero
// Text is not usable.
type Text struct {
	open func() *text
}

type text struct {
	parts []part
}

// part is a literal, a secret or a time: the first that is set.
type part struct {
	secret  *Secret
	time    func(time.Time) string
	literal string
}

var times = map[string]func(time.Time) string{
	// the IMF-fixdate of RFC 9110, section 5.6.7
	"{time.now.http}":    func(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") },
	"{time.now.rfc3339}": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"{time.now.unix}":    func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) },
	"{time.now.unix_ms}": func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) },
}

var errPlaceholder = errors.New(`expected {env.NAME}, {file./absolute/path}, {time.now.http}, {time.now.rfc3339}, {time.now.unix} or {time.now.unix_ms} in braces; write \{ for a brace itself`)

// Text opens a text with placeholders: {env.NAME} and {file./absolute/path}
// are secrets as of [Loader.Secret]; {time.now.http} is the time as in a Date
// header, {time.now.rfc3339} in UTC to the second, {time.now.unix} in seconds
// and {time.now.unix_ms} in milliseconds since 1970. Any other placeholder is
// an error that does not repeat it. \{ stands for a brace. The rest is literal
// and not checked, since not every text ends up in a header.
func (l *Loader) Text(s string) (*Text, error) {
	t := new(text)
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		escaped := strings.HasSuffix(before, `\`)
		switch {
		case !found:
			t.addLiteral(before)
		case escaped:
			t.addLiteral(strings.TrimSuffix(before, `\`) + "{")
		default:
			t.addLiteral(before)
			var placeholder string
			if placeholder, rest, found = strings.Cut(rest, "}"); !found {
				return nil, errPlaceholder
			}
			if err := t.addPlaceholder(l, "{"+placeholder+"}"); err != nil {
				return nil, err
			}
		}
		s = rest
	}
	return &Text{open: func() *text { return t }}, nil
}

func (t *text) addLiteral(s string) {
	if n := len(t.parts); n > 0 && t.parts[n-1].isLiteral() {
		t.parts[n-1].literal += s
	} else if s != "" {
		t.parts = append(t.parts, part{literal: s})
	}
}

func (t *text) addPlaceholder(l *Loader, s string) error {
	if format, ok := times[s]; ok {
		t.parts = append(t.parts, part{time: format})
		return nil
	}
	if _, err := parseReference(s); err != nil {
		return errPlaceholder
	}
	secret, err := l.Secret(s)
	if err != nil {
		return err
	}
	t.parts = append(t.parts, part{secret: secret})
	return nil
}

// Value returns the text at the time now. It is an error when one of its
// secrets cannot be had, see [Secret.Value].
func (t *Text) Value(now time.Time) (string, error) {
	parts := t.open().parts
	switch len(parts) {
	case 0:
		return "", nil
	case 1:
		return parts[0].value(now)
	}
	var b strings.Builder
	for _, p := range parts {
		s, err := p.value(now)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// Literal returns the text if it is always the same and holds no secret, and
// otherwise false.
func (t *Text) Literal() (string, bool) {
	switch parts := t.open().parts; {
	case len(parts) == 0:
		return "", true
	case len(parts) == 1 && parts[0].isLiteral():
		return parts[0].literal, true
	}
	return "", false
}

func (p part) isLiteral() bool { return p.secret == nil && p.time == nil }

func (p part) value(now time.Time) (string, error) {
	switch {
	case p.secret != nil:
		return p.secret.Value(now)
	case p.time != nil:
		return p.time(now), nil
	}
	return p.literal, nil
}
