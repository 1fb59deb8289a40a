package token

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// A pointer is a JSON pointer (RFC 6901) to a member of an object or an array;
// "": to nothing.
type pointer string

func parsePointer(text string) (pointer, error) {
	rest := strings.NewReplacer("~0", "", "~1", "").Replace(text)
	if text != "" && text[0] != '/' || strings.Contains(rest, "~") {
		return "", errors.New("expected a JSON pointer, such as /access_token")
	}
	return pointer(text), nil
}

// find is the value at p of valid JSON.
func (p pointer) find(document []byte) value {
	if p == "" {
		return nil
	}
	at := value(document)
	for token := range strings.SplitSeq(string(p[1:]), "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		if at = member(at, token); at == nil {
			return nil
		}
	}
	return at
}

// member is one of an object's or an array's, or nil. Names are compared as they
// are: encoding/json would not mind their letter case in a struct.
func member(document []byte, token string) value {
	var object map[string]json.RawMessage
	if json.Unmarshal(document, &object) == nil {
		return value(object[token])
	}
	var array []json.RawMessage
	index, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(index) != token || json.Unmarshal(document, &array) != nil || index < 0 || index >= len(array) {
		return nil
	}
	return value(array[index])
}
