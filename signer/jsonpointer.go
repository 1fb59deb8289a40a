package signer

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// lookupJSON finds the string or number at a JSON pointer (RFC 6901). A number
// comes as it is spelled. An error says that data is not JSON.
func lookupJSON(data []byte, pointer string) (value string, ok bool, err error) {
	raw := json.RawMessage(data)
	if !json.Valid(raw) {
		return "", false, errors.New("the body is not JSON")
	}
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		if raw, ok = member(raw, token); !ok {
			return "", false, nil
		}
	}
	if raw[0] == '"' {
		err := json.Unmarshal(raw, &value)
		return value, err == nil && value != "", nil
	}
	if raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' {
		return string(raw), true, nil
	}
	return "", false, nil
}

// member is the value of one member of an object or array.
func member(raw json.RawMessage, token string) (json.RawMessage, bool) {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '{':
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return nil, false
		}
		value, ok := members[token]
		return value, ok
	case '[':
		var elements []json.RawMessage
		i, err := strconv.Atoi(token)
		if err != nil || json.Unmarshal(raw, &elements) != nil || i < 0 || i >= len(elements) {
			return nil, false
		}
		return elements[i], true
	}
	return nil, false
}
