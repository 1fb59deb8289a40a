package e2e

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

const (
	offBlocksAPIKey = "0b7a1f52-2f6e-4c0e-9f43-canary-api-key"
	offBlocksSecret = "canary-api-secret-83e1d0c5"
	offBlocksKeyID  = "3f0c9c1e-5a41-4b55-8a86-5f3d2c1b0a99"
	customers       = "/v1/customers"
)

// An offBlocksSetup is what a test of the preset varies.
type offBlocksSetup struct {
	OffBlocks partnertest.OffBlocksOptions // of which key, secret and signing key are filled in
	URL       string                       // in place of OffBlocks' own
	Lines     string                       // of partner_proxy
	Site      string                       // with BLOCK for partner_proxy; default: it alone
	Options   string                       // global
}

// An offBlocksProxy is a Caddy in front of a demo OffBlocks. Its clients know
// nothing of tokens and signatures.
type offBlocksProxy struct {
	*process
	*partnertest.OffBlocks
	file caddyfile
}

func (s offBlocksSetup) start(t testing.TB) offBlocksProxy {
	t.Helper()
	public, file := newOffBlocksKey(t)
	s.OffBlocks.APIKey, s.OffBlocks.APISecret = offBlocksAPIKey, offBlocksSecret
	s.OffBlocks.Key, s.OffBlocks.KeyID = public, offBlocksKeyID
	offBlocks := partnertest.NewOffBlocks(t, s.OffBlocks)
	block := fmt.Sprintf(`partner_proxy offblocks %s {
	api_key {env.OFFBLOCKS_API_KEY}
	api_secret {file.DIR/api-secret}
	key DIR/key.pem
	key_id {file.DIR/key-id}
	%s
	transport http {
		tls_trust_pool file DIR/ca.pem
	}
}
`, cmp.Or(s.URL, offBlocks.URL()), s.Lines)
	c := caddyfile{
		Site:    strings.ReplaceAll(cmp.Or(s.Site, "BLOCK"), "BLOCK", block),
		Options: s.Options,
		Files:   map[string]string{"ca.pem": string(offBlocks.CA()), "key.pem": file, "key-id": offBlocksKeyID + "\n", "api-secret": offBlocksSecret + "\n"},
		Env:     []string{"OFFBLOCKS_API_KEY=" + offBlocksAPIKey},
	}
	return offBlocksProxy{startCaddy(t, c), offBlocks, c}
}

// newOffBlocksKey is a key as `openssl ecparam -genkey` writes it.
func newOffBlocksKey(t testing.TB) (*ecdsa.PublicKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// ask sends a request as an application does, with a body unless it is empty.
func (p offBlocksProxy) ask(method, target, body string, headers ...string) answer {
	p.process.t.Helper()
	if body == "" {
		return p.send(method, target, nil, headers...)
	}
	return p.send(method, target, strings.NewReader(body), slices.Concat(headers, []string{"Content-Type: application/json"})...)
}

// customer makes one and returns its path.
func (p offBlocksProxy) customer() string {
	p.process.t.Helper()
	res := p.ask("POST", customers, `{"externalId":"7"}`)
	id, _ := at(res.Text, "id").(string)
	if res.StatusCode != 201 || id == "" {
		p.process.t.Fatalf("no customer: %d %s", res.StatusCode, res.Text)
	}
	return customers + "/" + id
}

// calls are what OffBlocks was asked for, tokens aside, and tokenCalls how often
// it was asked for one.
func (p offBlocksProxy) calls() (calls []*partnertest.Request) {
	for _, r := range p.Requests() {
		if r.Target != "/v1/auth/token" {
			calls = append(calls, r)
		}
	}
	return calls
}

func (p offBlocksProxy) tokenCalls() int { return len(p.Requests()) - len(p.calls()) }

// inOrder checks that OffBlocks has found nothing wrong with any call.
func (p offBlocksProxy) inOrder(t testing.TB) {
	t.Helper()
	for _, refusal := range p.Refusals() {
		t.Errorf("%s %s: %d %s", refusal.Request.Method, refusal.Request.Target, refusal.Status, refusal.Reason)
	}
	p.once(t)
}

// once is inOrder for an OffBlocks that has refused something: no signature was
// used twice.
func (p offBlocksProxy) once(t testing.TB) {
	t.Helper()
	if n := p.Replays(); n > 0 {
		t.Errorf("%d calls were sent again with the same signature", n)
	}
}

// issued checks how many tokens were asked for and given.
func (p offBlocksProxy) issued(t testing.TB, n int) {
	t.Helper()
	if p.Tokens() != n || p.tokenCalls() != n {
		t.Errorf("%d tokens were given in %d calls, want %d", p.Tokens(), p.tokenCalls(), n)
	}
}

// A trouble is a failure that a test switches on and off.
type trouble struct {
	failure atomic.Pointer[partnertest.Failure]
}

func (b *trouble) begin(f partnertest.Failure) { b.failure.Store(&f) }
func (b *trouble) end()                        { b.failure.Store(nil) }

// of makes the calls of some stages fail.
func (b *trouble) of(stages ...partnertest.OffBlocksStage) partnertest.OffBlocksOptions {
	return partnertest.OffBlocksOptions{Fail: func(stage partnertest.OffBlocksStage, _ int, _ *partnertest.Request) (f partnertest.Failure) {
		if failure := b.failure.Load(); failure != nil && slices.Contains(stages, stage) {
			f = *failure
		}
		return f
	}}
}
