package token

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[token]"

// Format prints [token], whatever the verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns [token], also to encoding/json.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns [token].
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format prints [grant], whatever the verb.
func (Grant) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[grant]") }

// Format prints the name, whatever the verb.
func (f Field) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.Name) }

// Format prints [bearer], whatever the verb.
func (Bearer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[bearer]") }

// Format prints [basic], whatever the verb.
func (Basic) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[basic]") }

// Format prints [oauth2], whatever the verb.
func (OAuth2Options) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[oauth2]") }

// Format prints [token_endpoint], whatever the verb.
func (EndpointOptions) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[token_endpoint]") }

// Format prints the host, whatever the verb.
func (o OAuth2) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[oauth2 "+o.host+"]") }

// Format prints the host, whatever the verb.
func (e Endpoint) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "[token_endpoint "+e.host+"]")
}

// Format prints the source's host, whatever the verb.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[cache "+c.Host()+"]") }
