package signer

import (
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
)

type benchValue string

func (v benchValue) Value(time.Time) (string, error) { return string(v), nil }

// The steps header and idempotency_key, the latter beside a random UUID.
func BenchmarkSteps(b *testing.B) {
	header, err := NewHeader(HeaderSet, "X-Version", benchValue("2026-01-01"))
	if err != nil {
		b.Fatal(err)
	}
	key, err := NewIdempotency(IdempotencyOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("step=idempotency_key/how=primitive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = uuid.NewString()
		}
	})
	for name, step := range map[string]Step{"header": header, "idempotency_key": key} {
		b.Run("step="+name+"/how=partnersign", func(b *testing.B) {
			b.ReportAllocs()
			exchange, record := new(Exchange), new(Record)
			fresh := Request{Method: "POST", Path: "/", Header: http.Header{}, Now: time.Now(), Rand: rand.Reader, Record: record, exchange: exchange}
			r := new(Request)
			for b.Loop() {
				*r, exchange.key = fresh, ""
				clear(r.Header)
				if err := step.Apply(b.Context(), r); err != nil || len(r.Header) != 1 {
					b.Fatal(err, r.Header)
				}
			}
		})
	}
}
