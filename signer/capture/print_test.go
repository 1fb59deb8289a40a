package capture_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/capture"
)

// Nothing that holds a token or a key shows it.
func TestNothingPrintsASecret(t *testing.T) {
	const canary = "dft_canary"
	token := must(capture.NewToken(canary))
	entry := capture.Entry{Token: token, Expires: time.Now().Add(time.Hour)}
	memory, sealed := capture.NewMemory(capture.MemoryOptions{}), newSealed(newShelf())
	values := []any{token, &token, entry, &entry, []capture.Token{token}, map[string]capture.Entry{"a": entry}, struct{ hidden capture.Entry }{entry}, struct{ hidden capture.Token }{token}}
	for _, s := range []capture.Store{memory, sealed} {
		save(t, s, "a", canary, time.Hour)
		lock := must(s.Lock(t.Context(), "a"))
		defer lock.Unlock()
		o := dynamicFlow()
		o.Store = s
		values = append(values, s, lock, o, must(capture.New(o)), struct{ hidden any }{s})
	}
	key := sealingKey(keyA)
	values = append(values, key, &key, struct{ hidden capture.SealingKey }{key}, capture.SealedOptions{Storage: newShelf(), Key: key})
	raw := "\x00\x01\x02\x03\x04"
	for _, v := range values {
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("", "v", v)
		slog.New(slog.NewTextHandler(&logged, nil)).Info("", "v", v)
		texts := []string{logged.String()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%b", "%c"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
		if data, err := json.Marshal(v); err == nil {
			texts = append(texts, string(data))
		}
		for _, text := range texts {
			for _, secret := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprint([]byte(canary)), raw, keyA, "0001020304", "0 1 2 3 4"} {
				if strings.Contains(text, secret) {
					t.Errorf("%T prints %q", v, text)
				}
			}
		}
	}
	if fmt.Sprint(token) != "[token]" || fmt.Sprint(key) != "[key]" || fmt.Sprint(memory) != "[token store]" {
		t.Error("the redactions have changed")
	}
	for _, bad := range []string{canary + "\n", " " + canary, canary + strings.Repeat("x", 16<<10), canary + "é"} {
		if _, err := capture.NewToken(bad); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
