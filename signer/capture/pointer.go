package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A pointer is a JSON pointer (RFC 6901) to a member of an object or an array.
type pointer []string

func parsePointer(text string) (pointer, error) {
	rest, ok := strings.CutPrefix(text, "/")
	if !ok || strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(text), "~") {
		return nil, errors.New("expected a JSON pointer, such as /sessionToken")
	}
	p := pointer(strings.Split(rest, "/"))
	for i, token := range p {
		p[i] = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
	}
	return p, nil
}

// find returns the value at p of valid JSON as it is spelled; nil: there is
// none. Of several members with one name the last counts.
func (p pointer) find(data []byte) []byte {
	at := skipSpace(data, 0)
	for _, token := range p {
		found := -1
		for m := range members(data, at) {
			if m.name == token {
				found = m.value
			}
		}
		if found < 0 {
			return nil
		}
		at = found
	}
	return data[at:valueEnd(data, at)]
}

// findText returns the string at p; "": there is none.
func (p pointer) findText(data []byte) (text string) {
	if found := p.find(data); found != nil && json.Unmarshal(found, &text) != nil {
		return ""
	}
	return text
}

// A member is one of an object's or an array's, by its places in the text.
type member struct {
	name              string // in an array its index
	start, value, end int
}

// members goes through the object or array that begins at a place of valid
// JSON. Any other value has none.
func members(data []byte, at int) iter.Seq[member] {
	return func(yield func(member) bool) {
		object := data[at] == '{'
		if !object && data[at] != '[' {
			return
		}
		at = skipSpace(data, at+1)
		for i := 0; data[at] != '}' && data[at] != ']'; i++ {
			m := member{name: strconv.Itoa(i), start: at, value: at}
			if object {
				end := valueEnd(data, at)
				m.name = unquote(data[at:end])
				m.value = skipSpace(data, skipSpace(data, end)+1) // behind the colon
			}
			m.end = valueEnd(data, m.value)
			if !yield(m) {
				return
			}
			if at = skipSpace(data, m.end); data[at] == ',' {
				at = skipSpace(data, at+1)
			}
		}
	}
}

func unquote(quoted []byte) (name string) {
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		return string(quoted[1 : len(quoted)-1])
	}
	_ = json.Unmarshal(quoted, &name) // it is a valid string
	return name
}

// valueEnd is where the value ends that begins at a place of valid JSON.
func valueEnd(data []byte, at int) int {
	for depth := 0; ; at++ {
		switch data[at] {
		case '"':
			for at++; data[at] != '"'; at++ {
				if data[at] == '\\' {
					at++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth > 0 {
				continue
			}
			for at+1 < len(data) && strings.IndexByte(",]} \t\r\n", data[at+1]) < 0 {
				at++ // through a number, true, false or null
			}
		}
		if depth == 0 {
			return at + 1
		}
	}
}

func skipSpace(data []byte, at int) int {
	for at < len(data) && strings.IndexByte(" \t\r\n", data[at]) >= 0 {
		at++
	}
	return at
}
