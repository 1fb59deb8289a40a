package caddymodule

import (
	"crypto/x509"
	"testing"
	"time"
)

// A certificate is also replaced when the clock was set back to before it.
func TestCertificateIsFresh(t *testing.T) {
	begin := time.Date(2024, 2, 15, 10, 0, 0, 0, time.UTC)
	leaf := &x509.Certificate{NotBefore: begin, NotAfter: begin.Add(12 * time.Hour)}
	for after, want := range map[time.Duration]bool{
		-time.Hour: false, time.Second: true, 8*time.Hour - 1: true, 8 * time.Hour: false, 24 * time.Hour: false,
	} {
		if got := isFresh(leaf, begin.Add(after)); got != want {
			t.Errorf("%v after its begin: %v", after, got)
		}
	}
}
