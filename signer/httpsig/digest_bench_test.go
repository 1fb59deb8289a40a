package httpsig

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"github.com/yaronf/httpsign"

	"github.com/partnersign/partnersign/signer"
)

// The step content_digest over a body that is held, beside SHA-256 alone and
// httpsign.
func BenchmarkContentDigest(b *testing.B) {
	step, err := NewDigest(DigestOptions{})
	if err != nil {
		b.Fatal(err)
	}
	for _, kib := range []int{1, 64, 1024} {
		body := bytes.Repeat([]byte("x"), kib<<10)
		run := func(how string, once func(*testing.B)) {
			b.Run(fmt.Sprintf("size=%dKiB/how=%s", kib, how), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					once(b)
				}
			})
		}
		run("primitive", func(*testing.B) { sha256.Sum256(body) })
		r := request("POST", "/")
		fresh := *r
		run("partnersign", func(b *testing.B) {
			*r = fresh
			r.Body, r.ContentLength = signer.NewBody(body), int64(len(body))
			if err := step.Apply(b.Context(), r); err != nil || len(r.Header["Content-Digest"]) != 1 {
				b.Fatal(err, r.Header)
			}
		})
		run("httpsign", func(b *testing.B) {
			reader := io.NopCloser(bytes.NewReader(body))
			if _, err := httpsign.GenerateContentDigestHeader(&reader, []string{httpsign.DigestSha256}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
