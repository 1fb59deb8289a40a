package partnertest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// members cuts the value of a dictionary field (RFC 8941, section 3.2) into names and
// values. A value is the text as it was sent: a signature base is rebuilt from the
// sender's bytes, not from what a parser made of them. A name that comes twice is an
// error, where the RFC has the last one win: verifiers must not differ on what counts.
func members(field string) (Fields, error) {
	var dictionary Fields
	for _, member := range splitAt(field, ',') {
		name, value, ok := strings.Cut(trim(member), "=")
		switch {
		case !ok || !isKey(name):
			return nil, fmt.Errorf("%q is not a member of a dictionary", member)
		case dictionary.Has(name):
			return nil, fmt.Errorf("the member %q is there twice", name)
		}
		dictionary = append(dictionary, [2]string{name, value})
	}
	return dictionary, nil
}

// isKey says whether s is a key of a dictionary (RFC 8941, section 3.1.2).
func isKey(s string) bool {
	const first, other = "abcdefghijklmnopqrstuvwxyz*", "abcdefghijklmnopqrstuvwxyz*0123456789_-."
	return s != "" && strings.Contains(first, s[:1]) && strings.Trim(s, other) == ""
}

// splitAt cuts s at every separator outside of strings and inner lists. The empty
// string has no parts.
func splitAt(s string, separator byte) []string {
	if s == "" {
		return nil
	}
	var parts []string
	depth, quoted, start := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == separator && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
	}
	return append(parts, s[start:])
}

// parameters reads ;name=value;flag … (RFC 8941, section 3.1.2). Values are as sent,
// that of a flag is empty.
func parameters(text string) (Fields, error) {
	var list Fields
	for i, parameter := range splitAt(text, ';') {
		if i == 0 && parameter == "" { // before the first semicolon
			continue
		}
		name, value, _ := strings.Cut(parameter, "=")
		switch {
		case i == 0 || !isKey(name):
			return nil, fmt.Errorf("%q has no parameters of a structured field", text)
		case list.Has(name):
			return nil, fmt.Errorf("the parameter %q is there twice", name)
		}
		list = append(list, [2]string{name, value})
	}
	return list, nil
}

// unquote reads a string (RFC 8941, section 3.3.3).
func unquote(text string) (string, error) {
	wrong := fmt.Errorf("%s is not a string in quotation marks", text)
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return "", wrong
	}
	var s strings.Builder
	escaped := false
	for _, c := range []byte(text[1 : len(text)-1]) {
		switch {
		case c < ' ' || c > '~' || escaped && c != '"' && c != '\\' || !escaped && c == '"':
			return "", wrong
		case c == '\\' && !escaped:
			escaped = true
			continue
		}
		escaped = false
		s.WriteByte(c)
	}
	if escaped {
		return "", wrong
	}
	return s.String(), nil
}

// byteSequence reads :base64: (RFC 8941, section 3.3.5), with its padding and without
// stray bits: two spellings of one signature are one too many.
func byteSequence(text string) ([]byte, error) {
	if len(text) < 2 || text[0] != ':' || text[len(text)-1] != ':' {
		return nil, errors.New("not a byte sequence between colons")
	}
	return base64.StdEncoding.Strict().DecodeString(text[1 : len(text)-1])
}
