package dfns

import (
	"testing"

	"github.com/google/uuid"
)

// The step with an application's id, secret and nonce, beside the random UUID
// that the nonce is made of.
func BenchmarkNonce(b *testing.B) {
	app := &App{ID: fixed("ap-1"), Secret: fixed("secret")}
	r := request("POST", "/wallets", "")
	fresh := *r
	b.Run("how=primitive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = uuid.NewString()
		}
	})
	b.Run("how=partnersign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			*r = fresh
			if err := app.Apply(b.Context(), r); err != nil || len(r.Header) != 3 {
				b.Fatal(err, r.Header)
			}
		}
	})
}
