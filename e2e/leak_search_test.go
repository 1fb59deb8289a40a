package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A leakSearch finds secrets, and parts of them, however they are written.
type leakSearch struct {
	patterns map[leakHead][]leakPattern
	heads    []bool // by hash
}

// A leakPattern is a window of a secret in an encoding, a leakHead how it begins.
type leakPattern struct {
	text             string
	secret, encoding string
}

type leakHead [12]byte

// leakWindow is how many bytes of a secret are looked for at once: few enough
// to find what was cut, too many to be met by accident.
const leakWindow = 12

func newLeakSearch(canaries []canary) *leakSearch {
	s := &leakSearch{patterns: map[leakHead][]leakPattern{}, heads: make([]bool, 1<<22)}
	for _, c := range canaries {
		for i := 0; i+leakWindow <= len(c.secret); i += max(c.stride, 1) {
			s.add(c.name, c.secret[i:i+leakWindow])
		}
	}
	return s
}

func (s *leakSearch) add(name string, window []byte) {
	seen := map[string]bool{}
	for encoding, encode := range leakEncodings {
		for _, text := range encode(window) {
			if seen[text] {
				continue
			}
			seen[text] = true
			head := leakHead([]byte(text))
			s.heads[leakHash(head[:])] = true
			s.patterns[head] = append(s.patterns[head], leakPattern{text, name, encoding})
		}
	}
}

// in returns the secrets that a text holds, and in which encoding.
func (s *leakSearch) in(text string) map[string]string {
	found := map[string]string{}
	data := []byte(text)
	for i := 0; i+len(leakHead{}) <= len(data); i++ {
		if !s.heads[leakHash(data[i:])] {
			continue
		}
		for _, p := range s.patterns[leakHead(data[i:])] {
			if strings.HasPrefix(text[i:], p.text) {
				found[p.secret] = p.encoding
			}
		}
	}
	return found
}

func leakHash(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24) * 2654435761 >> 10
}

// leakEncodings are the forms in which bytes of a secret may stand in a text.
var leakEncodings = map[string]func([]byte) []string{
	"raw":       func(b []byte) []string { return []string{string(b)} },
	"base64":    func(b []byte) []string { return shifted(base64.RawStdEncoding, b) },
	"base64url": func(b []byte) []string { return shifted(base64.RawURLEncoding, b) },
	"hex": func(b []byte) []string {
		return []string{fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), fmt.Sprintf("% x", b), fmt.Sprintf("% X", b)}
	},
	"URL": func(b []byte) []string {
		query, path := url.QueryEscape(string(b)), url.PathEscape(string(b))
		return []string{query, path, (&url.URL{Path: "/" + string(b)}).EscapedPath()[1:], strings.ToLower(query), everyByte("%%%02X", b), everyByte("%%%02x", b)}
	},
	"JSON": func(b []byte) []string {
		if !utf8.Valid(b) { // of which JSON keeps little
			return nil
		}
		html, _ := json.Marshal(string(b))
		plain := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(string(html))
		return []string{string(html[1 : len(html)-1]), plain[1 : len(plain)-1]}
	},
	"quoted": func(b []byte) []string {
		quoted, ascii := strconv.Quote(string(b)), strconv.QuoteToASCII(string(b))
		return []string{quoted[1 : len(quoted)-1], ascii[1 : len(ascii)-1]}
	},
	"bytes": func(b []byte) []string {
		return []string{everyByte("%d ", b), everyByte("%d,", b), everyByte("%d, ", b), everyByte("0x%x, ", b), everyByte("0x%02x, ", b)}
	},
}

// shifted is how bytes look in the middle of a longer base64 text: it depends on
// how many bytes stand before them. What is made of neighbours, too, is left out.
func shifted(encoding *base64.Encoding, b []byte) (texts []string) {
	for shift := range 3 {
		text := encoding.EncodeToString(append(make([]byte, shift), b...))
		texts = append(texts, text[(shift*8+5)/6:(shift+len(b))*8/6])
	}
	return texts
}

// everyByte leaves the separator behind the last one out.
func everyByte(format string, b []byte) string {
	var text strings.Builder
	for _, c := range b {
		fmt.Fprintf(&text, format, c)
	}
	return strings.TrimRight(text.String(), ", ")
}
