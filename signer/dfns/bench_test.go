package dfns

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// What Dfns answers in these benchmarks.
const (
	benchChallenge = `{"challenge":"MTg3Y2JhMDktNGQ0NC00YTQ4LWFjYzktNTc4Yzk4ZDVlN2Zi","challengeIdentifier":"eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9.e30.c2ln",` +
		`"allowCredentials":{"key":[{"type":"public-key","id":"` + credentialID + `"}],"webauthn":[]},"supportedCredentialKinds":[{"kind":"Key","factor":"first"}]}`
	benchGranted = `{"userAction":"eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl"}`
)

// What a signed write costs beyond its round trips, beside the one signature
// that it cannot do without.
func BenchmarkUserAction(b *testing.B) {
	u := newUserAction(b, UserActionOptions{Call: func(_ context.Context, _ *signer.Request, _, path string, _ []byte) (*http.Response, error) {
		if path == initCall.path {
			return respond(200, benchChallenge), nil
		}
		return respond(200, benchGranted), nil
	}})
	for name, body := range map[string]string{
		"200B": `{"kind":"Native","to":"0xb282dc7cde21717f18337a596e91ded00b79b25f","amount":"1000","externalId":"` + strings.Repeat("x", 90) + `"}`,
		"1MB":  strings.Repeat(`{"kind":"Native"},`, 1<<20/18),
	} {
		b.Run(name+"/step", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			r := request("POST", "/wallets/wa-1/transfers", body)
			for b.Loop() {
				delete(r.Header, headerUserAction)
				r.Record.KeyIDs = nil
				if err := u.Apply(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("primitive", func(b *testing.B) {
		data := appendClientData(nil, "MTg3Y2JhMDktNGQ0NC00YTQ4LWFjYzktNTc4Yzk4ZDVlN2Zi")
		for b.Loop() {
			ed25519.Sign(seedKey, data)
		}
	})
}

func BenchmarkAPISignature(b *testing.B) {
	step := must(NewAPISignature(newKey(rsaKey(), keys.RSAv15SHA256)))
	r := request("POST", "/wallets/wa-1/transfers", strings.Repeat("x", 200), "Accept: application/json", "Content-Type: application/json", "User-Agent: a")
	b.Run("step", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := step.Apply(b.Context(), r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("primitive", func(b *testing.B) {
		digest := sha256.Sum256(must(apiSigningInput(r)))
		for b.Loop() {
			if _, err := rsa.SignPKCS1v15(rand.Reader, rsaKey(), crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
