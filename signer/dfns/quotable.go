package dfns

import (
	"cmp"
	"regexp"
	"strings"
)

// maxMessage is how much of a message is repeated, in bytes.
const maxMessage = 200

// repeated is what an error may quote of a request.
var repeated = regexp.MustCompile("\"[^\"]*(\"|$)|`[^`]*(`|$)|(^|[\\s(:])'[^']*('|$)")

// quotable is what may be repeated of a message to a client and in a log: its
// plain words, up to a bound. Whatever could be a token, a key or a part of a
// body is left out.
func quotable(message string) string {
	var b strings.Builder
	plain, omitted := false, false
	for word := range strings.FieldsSeq(repeated.ReplaceAllString(message, " … ")) {
		switch {
		case isPlain(word):
			plain, omitted = true, false
		case omitted:
			continue
		default:
			word, omitted = "…", true
		}
		if b.Len()+len(word) >= maxMessage {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	if !plain {
		return ""
	}
	return b.String()
}

// isPlain tells words from punctuation alone, and from tokens, keys and ids,
// which are longer or mix letters and digits.
func isPlain(word string) bool {
	longest := 0
	for _, r := range word {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			longest = cmp.Or(longest, 24)
		case '0' <= r && r <= '9':
			longest = 8
		case !strings.ContainsRune(".,:;'()/_-", r):
			return false
		}
	}
	return len(word) <= longest
}
