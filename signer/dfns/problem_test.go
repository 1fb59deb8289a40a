package dfns

import (
	"testing"

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
