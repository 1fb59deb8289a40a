package httpsig

import (
	"errors"
	"strings"
	"unicode/utf8"
)

var (
	errRepeated = errors.New("it is there more than once")
	errNotUTF8  = errors.New("it is not UTF-8")
)

// queryParam finds the one parameter of a query with this name, both as
// application/x-www-form-urlencoded has them, and appends its value encoded
// again (RFC 9421 section 2.2.8).
func queryParam(dst []byte, query, name string) (_ []byte, found bool, err error) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if pair == "" || decodeQuery(key) != name {
			continue
		}
		if found {
			return dst, true, errRepeated
		}
		found = true
		if value = decodeQuery(value); !utf8.ValidString(value) {
			return dst, true, errNotUTF8
		}
		dst = appendEncoded(dst, value)
	}
	return dst, found, nil
}

// decodeQuery is the decoding of the URL standard's form parser: "+" is a
// space, and a percent sign that encodes nothing stays.
func decodeQuery(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) && hexValue(s[i+1]) >= 0 && hexValue(s[i+2]) >= 0 {
			c = byte(hexValue(s[i+1])<<4 | hexValue(s[i+2]))
			i += 2
		}
		decoded = append(decoded, c)
	}
	return string(decoded)
}

func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendEncoded encodes with the application/x-www-form-urlencoded
// percent-encode set; a space is %20 here, not "+".
func appendEncoded(dst []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '*', c == '-', c == '.', c == '_':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}
