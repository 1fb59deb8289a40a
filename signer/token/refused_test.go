package token_test

import (
	"crypto/ed25519"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/httpsig"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// A partnerOf is a partner and its token endpoint, both over real connections.
type partnerOf struct {
	tokens  atomic.Int64
	mu      sync.Mutex
	good    string // the one token that is taken; "": none
	seen    []http.Header
	bodies  []string
	partner *signer.Partner
	base    http.RoundTripper
	url     string
}

// newPartnerOf signs, and holds bodies for a digest unless they are streamed.
func newPartnerOf(t *testing.T, streamed bool) *partnerOf {
	p := new(partnerOf)
	endpoint := newTLSServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"t`+strconv.FormatInt(p.tokens.Add(1), 10)+`","token_type":"Bearer","expires_in":3600}`)
	}))
	api := newTLSServer(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body := must(io.ReadAll(req.Body))
		p.mu.Lock()
		defer p.mu.Unlock()
		p.seen, p.bodies = append(p.seen, req.Header), append(p.bodies, string(body))
		if req.Header.Get("Authorization") != "Bearer "+p.good {
			w.WriteHeader(401)
		}
	}))
	cache := token.NewCache(must(token.NewOAuth2(token.OAuth2Options{
		TokenURL: endpoint.URL, ClientID: fixed("c"), ClientSecret: unique(), Client: endpoint.Client(),
	})), token.CacheOptions{})
	steps := []signer.Step{&token.Bearers{Tokens: []token.Bearer{{Cache: cache}}}}
	if !streamed {
		steps = append(steps,
			must(signer.NewIdempotency(signer.IdempotencyOptions{})),
			must(httpsig.NewDigest(httpsig.DigestOptions{})),
			must(httpsig.NewSignature(httpsig.Options{
				Key:        must(keys.NewKey(must2(ed25519.GenerateKey(nil)), "")),
				Components: []httpsig.Component{must(httpsig.ParseComponent("authorization")), must(httpsig.ParseComponent("content-digest"))},
				Parameters: []httpsig.Parameter{must(httpsig.ParseParameter("created")), must(httpsig.ParseParameter("nonce"))},
			})))
	}
	p.partner = must(signer.New(signer.Options{Upstream: must(signer.ParseUpstream(api.URL)), Steps: steps}))
	p.base, p.url, p.good = api.Client().Transport, api.URL, "t1"
	return p
}

func (p *partnerOf) accept(good string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.good = good
}

func (p *partnerOf) post(t *testing.T) int {
	t.Helper()
	res, err := p.partner.Transport(p.base).RoundTrip(must(http.NewRequest("POST", p.url+"/pay", io.MultiReader(strings.NewReader(`{"a":1}`)))))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// A token that the partner refuses is renewed, and the request sent once more:
// the same request, signed anew.
func TestRefused(t *testing.T) {
	p := newPartnerOf(t, false)
	if status := p.post(t); status != 200 || p.tokens.Load() != 1 {
		t.Fatalf("status %d, %d tokens", status, p.tokens.Load())
	}
	p.accept("t2")
	p.seen, p.bodies = nil, nil
	if status := p.post(t); status != 200 || p.tokens.Load() != 2 || len(p.seen) != 2 {
		t.Fatalf("status %d, %d tokens, %d requests", status, p.tokens.Load(), len(p.seen))
	}
	first, second := p.seen[0], p.seen[1]
	if first.Get("Authorization") != "Bearer t1" || second.Get("Authorization") != "Bearer t2" {
		t.Errorf("%q, then %q", first.Get("Authorization"), second.Get("Authorization"))
	}
	if key := first.Get("Idempotency-Key"); key == "" || key != second.Get("Idempotency-Key") || p.bodies[0] != `{"a":1}` || p.bodies[1] != p.bodies[0] {
		t.Errorf("%v %q, then %v %q", first, p.bodies[0], second, p.bodies[1])
	}
	if s := first.Get("Signature"); s == "" || s == second.Get("Signature") || first.Get("Signature-Input") == second.Get("Signature-Input") {
		t.Errorf("signed %v, then %v", first, second)
	}
}

// A partner that refuses every token does not cause a request for each.
func TestRefusedAlways(t *testing.T) {
	p := newPartnerOf(t, false)
	p.accept("")
	for range 50 {
		if status := p.post(t); status != 401 {
			t.Fatalf("status %d", status)
		}
	}
	if p.tokens.Load() != 2 || len(p.seen) != 51 {
		t.Errorf("%d tokens for %d requests", p.tokens.Load(), len(p.seen))
	}
}

// Many that are refused at once renew the token once, and all go on with it.
func TestRefusedTogether(t *testing.T) {
	p := newPartnerOf(t, false)
	p.post(t)
	p.accept("t2")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if status := p.post(t); status != 200 {
				t.Errorf("status %d", status)
			}
		})
	}
	all.Wait()
	if p.tokens.Load() != 2 {
		t.Errorf("%d tokens", p.tokens.Load())
	}
}

// A body that is streamed cannot be sent again, but the next request has another
// token.
func TestRefusedStreaming(t *testing.T) {
	p := newPartnerOf(t, true)
	p.accept("t2")
	if status := p.post(t); status != 401 || p.tokens.Load() != 1 {
		t.Errorf("status %d, %d tokens", status, p.tokens.Load())
	}
	if status := p.post(t); status != 200 || p.tokens.Load() != 2 {
		t.Errorf("then status %d, %d tokens", status, p.tokens.Load())
	}
}
