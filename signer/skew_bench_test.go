package signer

import (
	"net/http"
	"testing"
	"time"
)

// What every answer costs.
func BenchmarkSkew(b *testing.B) {
	h := http.Header{"Date": {"Thu, 15 Feb 2024 10:00:00 GMT"}, "Cache-Control": {"no-store"}, "Content-Type": {"application/json"}}
	var d dates
	b.ReportAllocs()
	for b.Loop() {
		sent := time.Now()
		if !d.skew("GET", h, time.Now(), time.Since(sent)).Known() {
			b.Fatal("the skew is not known")
		}
	}
}
