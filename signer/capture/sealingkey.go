package capture

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// A SealingKey is what the entries of a Sealed store are encrypted under. It
// prints as [key], whatever the verb. The zero SealingKey is not usable.
type SealingKey struct{ open func() []byte }

// ParseSealingKey reads a key of 32 random bytes or more: in base64, padded or
// not, of either alphabet, in hexadecimal, or as exactly 32 raw bytes. Text of
// 32 characters is no key: it has less in it than 32 bytes. The error does not
// repeat it.
func ParseSealingKey(text []byte) (SealingKey, error) {
	key := decodeKey(text)
	if len(key) < 32 || distinct(key) < 16 {
		return SealingKey{}, errors.New("the key is not 32 random bytes in base64 or hexadecimal: make one with openssl rand -base64 32")
	}
	return SealingKey{func() []byte { return key }}, nil
}

func decodeKey(raw []byte) []byte {
	text := strings.TrimSpace(string(raw))
	if key, err := hex.DecodeString(text); err == nil {
		return key
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	if key, err := base64.RawStdEncoding.DecodeString(standard); err == nil {
		return key
	}
	printable := !strings.ContainsFunc(string(raw), func(r rune) bool { return r < ' ' || r > '~' })
	if len(raw) == 32 && !printable {
		return append([]byte(nil), raw...)
	}
	return nil
}

// distinct counts different bytes: 32 random ones have about 30, and fewer than
// 16 only if they are not random.
func distinct(key []byte) int {
	seen := map[byte]bool{}
	for _, b := range key {
		seen[b] = true
	}
	return len(seen)
}

const redactedKey = "[key]"

// Format prints [key], whatever the verb.
func (SealingKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedKey) }

// String returns [key].
func (SealingKey) String() string { return redactedKey }

// GoString returns [key].
func (SealingKey) GoString() string { return redactedKey }

// MarshalText returns [key], also to encoding/json.
func (SealingKey) MarshalText() ([]byte, error) { return []byte(redactedKey), nil }

// LogValue returns [key].
func (SealingKey) LogValue() slog.Value { return slog.StringValue(redactedKey) }
