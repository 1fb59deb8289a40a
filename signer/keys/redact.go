package keys

import (
	"fmt"
	"io"
	"log/slog"
)

const (
	redactedSecret = "[secret]"
	redactedText   = "[text]"
	redactedKey    = "[key]"
)

// Format prints [secret], whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedSecret) }

// String returns [secret].
func (Secret) String() string { return redactedSecret }

// GoString returns [secret].
func (Secret) GoString() string { return redactedSecret }

// MarshalText returns [secret], also to encoding/json.
func (Secret) MarshalText() ([]byte, error) { return []byte(redactedSecret), nil }

// LogValue returns [secret].
func (Secret) LogValue() slog.Value { return slog.StringValue(redactedSecret) }

// Format prints [text], whatever the verb.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedText) }

// String returns [text].
func (Text) String() string { return redactedText }

// GoString returns [text].
func (Text) GoString() string { return redactedText }

// MarshalText returns [text], also to encoding/json.
func (Text) MarshalText() ([]byte, error) { return []byte(redactedText), nil }

// LogValue returns [text].
func (Text) LogValue() slog.Value { return slog.StringValue(redactedText) }

// Format prints [key], whatever the verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedKey) }

// String returns [key].
func (Key) String() string { return redactedKey }

// GoString returns [key].
func (Key) GoString() string { return redactedKey }

// MarshalText returns [key], also to encoding/json.
func (Key) MarshalText() ([]byte, error) { return []byte(redactedKey), nil }

// LogValue returns [key].
func (Key) LogValue() slog.Value { return slog.StringValue(redactedKey) }
