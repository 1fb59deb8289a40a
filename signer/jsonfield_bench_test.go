package signer_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

func BenchmarkJSONField(b *testing.B) {
	for _, items := range []int{1, 2000} {
		body := []byte(`{"items":[` + strings.Repeat(`{"a":1.00,"b":"\u00e4"},`, items) + `{}],"c":null}`)
		b.Run(fmt.Sprintf("%dB", len(body)), func(b *testing.B) {
			field, held := must(signer.NewJSONField(clientIP)), signer.NewBody(body)
			r := &signer.Request{Method: "POST", Path: "/", Header: jsonType(), Client: signer.Client{Addr: netip.MustParseAddr("8.8.8.8")}}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r.Body, r.ContentLength = held, int64(len(body))
				if err := field.Apply(b.Context(), r); err != nil || r.Body == held {
					b.Fatal(err)
				}
			}
		})
	}
}

// Beside the body itself a splice takes next to nothing.
func TestJSONFieldAllocatesLittle(t *testing.T) {
	held := signer.NewBody([]byte(`{"a":[` + strings.Repeat(`{"b":"\u00e4"},`, 10_000) + `{}]}`))
	field := must(signer.NewJSONField(clientIP))
	allocs := testing.AllocsPerRun(10, func() {
		r := &signer.Request{Method: "POST", Path: "/", Header: jsonType(), Body: held, ContentLength: int64(held.Len()), Client: signer.Client{Addr: netip.MustParseAddr("8.8.8.8")}}
		if err := field.Apply(t.Context(), r); err != nil || r.Body == held {
			t.Error(err)
		}
	})
	if allocs > 12 {
		t.Errorf("%v allocations", allocs)
	}
}
