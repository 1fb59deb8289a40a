package verify

import (
	"encoding/base64"
	"errors"
	"strings"
)

// A member is one of a dictionary, as it was sent. Of two with the same name a
// parser keeps one, and which of them it was is the question here.
type member struct{ label, text string }

// members cuts the lines of a dictionary (RFC 8941 section 3.2).
func members(lines []string) (found []member, _ error) {
	for _, part := range split(strings.Join(lines, ", ")) {
		label, text, ok := strings.Cut(strings.Trim(part, " \t"), "=")
		if !ok || label == "" {
			return nil, errors.New("it is not a dictionary of labels and values")
		}
		found = append(found, member{label, text})
	}
	return found, nil
}

// split cuts at commas outside of strings and lists.
func split(s string) (parts []string) {
	quoted, depth, start := false, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return append(parts, s[start:])
}

// decode reads :base64:, also in the URL's alphabet and without padding, which
// some partners take.
func decode(text string) ([]byte, error) {
	inner, opened := strings.CutPrefix(text, ":")
	inner, closed := strings.CutSuffix(inner, ":")
	if !opened || !closed {
		return nil, errors.New("the signature is not base64 between colons")
	}
	inner = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(inner, "="))
	decoded, err := base64.RawStdEncoding.DecodeString(inner)
	if err != nil {
		return nil, errors.New("the signature is not base64")
	}
	return decoded, nil
}
