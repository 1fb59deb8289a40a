package explain

import (
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// A Mask knows values that must not be shown, and what is shown instead.
type Mask struct {
	masked       []masked // the longest first
	placeholders []string
}

type masked struct{ value, name string }

// Add has name shown wherever value would be.
func (m *Mask) Add(name, value string) {
	if value == "" {
		return
	}
	m.put(value, name)
	if quoted, err := json.Marshal(value); err == nil {
		m.put(string(quoted[1:len(quoted)-1]), name)
	}
	m.put(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value), name)
}

func (m *Mask) put(value, name string) {
	if slices.ContainsFunc(m.masked, func(other masked) bool { return other.value == value }) {
		return
	}
	m.masked = append(m.masked, masked{value, name})
	slices.SortStableFunc(m.masked, func(a, b masked) int { return cmp.Compare(len(b.value), len(a.value)) })
}

// placeholder is text that stands for what must be asked for.
func (m *Mask) placeholder(text string) string {
	if !slices.Contains(m.placeholders, text) {
		m.placeholders = append(m.placeholders, text)
	}
	return text
}

// addBody masks what can be computed from a body that holds a secret, so that
// it cannot be found by trying.
func (m *Mask) addBody(body []byte) {
	shown := m.Text(string(body))
	if shown == string(body) {
		return
	}
	sum256, sum512 := sha256.Sum256(body), sha512.Sum512(body)
	for _, sum := range [][]byte{sum256[:], sum512[:]} {
		m.put(base64.StdEncoding.EncodeToString(sum), "(digest of a body with a secret)")
	}
	m.put(base64.RawURLEncoding.EncodeToString(body), "base64url("+shown+")")
}

var basicCredentials = regexp.MustCompile(`Basic ([A-Za-z0-9+/]+=*)`)

// Text is s as it may be shown.
func (m *Mask) Text(s string) string {
	s = basicCredentials.ReplaceAllStringFunc(s, func(found string) string {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(found, "Basic "))
		if shown := m.replace(string(decoded)); err == nil && shown != string(decoded) {
			return "Basic base64(" + shown + ")"
		}
		return found
	})
	return m.replace(s)
}

// replace goes through s once, so that nothing is replaced in what is shown
// instead.
func (m *Mask) replace(s string) string {
	var b strings.Builder
next:
	for i := 0; i < len(s); {
		for _, hidden := range m.masked {
			if strings.HasPrefix(s[i:], hidden.value) {
				b.WriteString(hidden.name)
				i += len(hidden.value)
				continue next
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// note says what in text is not known here.
func (m *Mask) note(text string) string {
	var found []string
	for _, placeholder := range m.placeholders {
		if strings.Contains(text, placeholder) {
			found = append(found, placeholder)
		}
	}
	if found == nil {
		return ""
	}
	return strings.Join(found, ", ") + " is not known before it is asked for"
}
