package capture

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// An Entry is what a store keeps for a flow.
type Entry struct {
	Token   Token
	Expires time.Time // from then on it is not sent
}

// A Token is a token. It prints as [token]; only Reveal gives it away. The zero
// Token is empty.
type Token struct{ reveal func() string } // a closure has no fields that reflection could walk

// maxToken is the length, in bytes, of the longest token: partners refuse
// headers that are longer, and most refuse shorter ones.
const maxToken = 16 << 10

// NewToken makes a token of a text that fits into a header: visible ASCII and
// spaces inside, at most 16 KiB. The error does not repeat it.
func NewToken(text string) (Token, error) {
	if text == "" || len(text) > maxToken || text[0] == ' ' || text[len(text)-1] == ' ' {
		return Token{}, errToken
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return Token{}, errToken
		}
	}
	return Token{func() string { return text }}, nil
}

var errToken = errors.New("the token is empty, longer than 16 KiB or holds characters that a header cannot have")

// Reveal returns the token itself.
func (t Token) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

// Equal compares in a time that does not tell where two tokens differ.
func (t Token) Equal(other Token) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

const redacted = "[token]"

// Format prints [token], whatever the verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns [token].
func (Token) String() string { return redacted }

// GoString returns [token].
func (Token) GoString() string { return redacted }

// MarshalText returns [token], also to encoding/json.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns [token].
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }
