package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lookupJSON finds the string or number at a JSON pointer (RFC 6901). A number
// comes as it is spelled. An error says that data is not JSON. Nothing else of
// data is copied: it may be large, and what it takes is counted (see Memory).
func lookupJSON(data []byte, pointer string) (value string, ok bool, err error) {
	if !json.Valid(data) {
		return "", false, errors.New("the body is not JSON")
	}
	if data = valueAt(data, pointer); data == nil {
		return "", false, nil
	}
	if data[0] == '"' {
		err := json.Unmarshal(data, &value)
		return value, err == nil && value != "", nil
	}
	if data[0] == '-' || '0' <= data[0] && data[0] <= '9' {
		return string(data), true, nil
	}
	return "", false, nil
}

// valueAt is the value at a JSON pointer into valid JSON, a part of data; nil if
// there is none.
func valueAt(data []byte, pointer string) []byte {
	data = bytes.TrimSpace(data)
	if pointer == "" {
		return data
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		if data = member(data, unescapeToken(token)); data == nil {
			return nil
		}
	}
	return data
}

// unescapeToken is what a reference token of a JSON pointer stands for.
func unescapeToken(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// checkPointer says what is wrong with a JSON pointer to a member.
func checkPointer(pointer string) error {
	rest := strings.NewReplacer("~0", "", "~1", "").Replace(pointer)
	switch {
	case pointer == "" || pointer[0] != '/':
		return errors.New("expected a JSON pointer, such as /externalId")
	case strings.Contains(rest, "~"):
		return errors.New("in a JSON pointer ~ is written ~0, and / within a name ~1")
	case !utf8.ValidString(pointer):
		return errors.New("a JSON pointer is UTF-8")
	}
	return nil
}

// member is the value of one member of an object, the last of its name, or of
// an array; nil if there is none.
func member(data []byte, token string) (found []byte) {
	object := data[0] == '{'
	index, err := strconv.Atoi(token)
	if !object && (data[0] != '[' || err != nil || strconv.Itoa(index) != token) {
		return nil
	}
	for i := 0; ; i++ {
		data = bytes.TrimLeft(data[1:], " \t\r\n")
		if data[0] == '}' || data[0] == ']' { // at once: it is empty
			return found
		}
		match := i == index
		if object {
			var name []byte
			name, data = cutValue(data)
			match = sameString(name, token)
			data = bytes.TrimLeft(data, " \t\r\n:")
		}
		var value []byte
		value, data = cutValue(data)
		if match {
			found = value
		}
		if data = bytes.TrimLeft(data, " \t\r\n"); data[0] != ',' {
			return found
		}
	}
}

// sameString compares a JSON string with s.
func sameString(quoted []byte, s string) bool {
	switch raw := quoted[1 : len(quoted)-1]; {
	case bytes.IndexByte(raw, '\\') < 0:
		return string(raw) == s
	case len(raw) > len(`\u0000`)*len(s): // no need to copy it
		return false
	}
	var unquoted string
	return json.Unmarshal(quoted, &unquoted) == nil && unquoted == s
}

// cutValue cuts valid JSON behind the value that it begins with.
func cutValue(data []byte) (value, rest []byte) {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return data[:i+1], data[i+1:]
			}
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			if depth--; depth == 0 {
				return data[:i+1], data[i+1:]
			}
		case depth == 0 && strings.IndexByte(",]} \t\r\n", c) >= 0:
			return data[:i], data[i:]
		}
	}
	return data, nil
}
