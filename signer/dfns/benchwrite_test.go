package dfns

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// A memoryDfns answers at once and without a network. It verifies nothing.
type memoryDfns struct{ calls int }

func (d *memoryDfns) RoundTrip(req *http.Request) (*http.Response, error) {
	d.calls++
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	answer := `{"id":"xfr-1f04s-lqc9q-0123456789abcdef","status":"Broadcasted"}`
	switch req.URL.Path {
	case initCall.path:
		answer = benchChallenge
	case actionCall.path:
		answer = benchGranted
	}
	return respond(200, answer), nil
}

// A whole write through a partner, with its two calls, beside the same request
// as it goes out with nothing done, and with a token alone. What it costs more
// than that is what partnersign adds to three round trips.
func BenchmarkWrite(b *testing.B) {
	bearer := &token.Bearers{Tokens: []token.Bearer{{Token: token.NewJWT(token.JWTOptions{Token: fixed("opaque")})}}}
	userAction := newUserAction(b, UserActionOptions{})
	app := &App{ID: fixed("ap-1"), Secret: fixed("secret")}
	apiSignature := must(NewAPISignature(newKey(rsaKey(), keys.RSAv15SHA256)))
	for _, bench := range []struct {
		name  string
		steps []signer.Step
		calls int
	}{
		{"plain", nil, 1},
		{"token", []signer.Step{bearer}, 1},
		{"user action", []signer.Step{bearer, userAction}, 3},
		{"user action and nonce", []signer.Step{bearer, app, userAction}, 3},
		{"user action and API signature", []signer.Step{bearer, app, userAction, apiSignature}, 3},
	} {
		for name, body := range map[string]string{"200B": strings.Repeat("x", 200), "100KB": strings.Repeat("x", 100<<10)} {
			b.Run(bench.name+"/"+name, func(b *testing.B) {
				dfns := new(memoryDfns)
				transport := http.RoundTripper(dfns)
				if bench.steps != nil {
					upstream := must(signer.ParseUpstream("https://api.dfns.io"))
					transport = must(signer.New(signer.Options{Upstream: upstream, Steps: bench.steps})).Transport(dfns)
				}
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					n++
					req := must(http.NewRequest("POST", "https://api.dfns.io/wallets/wa-1/transfers", bytes.NewReader([]byte(body))))
					req.Header.Set("Content-Type", "application/json")
					res, err := transport.RoundTrip(req)
					if err != nil || res.StatusCode != 200 {
						b.Fatal(res, err)
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
				if dfns.calls != n*bench.calls {
					b.Fatalf("%d calls for %d writes", dfns.calls, n)
				}
			})
		}
	}
}
