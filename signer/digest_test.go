package signer_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

func TestHashesOfDigesters(t *testing.T) {
	_, err := signer.New(signer.Options{
		Upstream: must(signer.ParseUpstream("https://partner.example")), Steps: []signer.Step{newDigest(crypto.SHA256, crypto.SHA384)},
	})
	if err == nil || !strings.Contains(err.Error(), "SHA-384") {
		t.Errorf("error %v", err)
	}
	if sum := signer.NewBody([]byte("a")).Sum(crypto.SHA256); !slices.Equal(sum, sha256Of("a")) {
		t.Errorf("sum %x", sum)
	}
	if n := (*signer.Body)(nil).Len(); n != 0 {
		t.Errorf("no body has %d bytes", n)
	}
}

func sha256Of(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// Beside the body itself, holding and hashing 1 MiB takes next to nothing.
func TestDigestAllocatesLittle(t *testing.T) {
	const size, rounds = 1 << 20, 20
	exchange := digesting(t, size)
	exchange()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		exchange()
	}
	runtime.ReadMemStats(&after)
	if beyond := int64(after.TotalAlloc-before.TotalAlloc)/rounds - size; beyond > 16<<10 {
		t.Errorf("%d bytes beyond the body", beyond)
	}
}

func BenchmarkDigest(b *testing.B) {
	const size = 1 << 20
	exchange := digesting(b, size)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		exchange()
	}
}

func digesting(t testing.TB, size int64) func() {
	p := newPartner(t, signer.Options{Steps: []signer.Step{newDigest(crypto.SHA256)}})
	body := make([]byte, size)
	base := roundTripper(func(*http.Request) (*http.Response, error) { return respond(200, ""), nil })
	return func() {
		res, err := post(p, base, size, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
}
