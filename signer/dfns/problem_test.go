package dfns

import (
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// Kinds have names of their own.
func TestKinds(t *testing.T) {
	names := map[string]bool{}
	for _, kind := range append(signer.Kinds(), Kinds()...) {
		if names[kind.Name] || kind.Title == "" || kind.ProxyError == "" || kind.Status < 400 {
			t.Errorf("%+v", kind)
		}
		names[kind.Name] = true
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "-1": 0, "1.5": 0, "4294967296": 0, "soon": 0, "Thu, 15 Feb 2024 09:00:00 GMT": 0,
	} {
		if got := parseRetryAfter(value, february); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}
