package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// failing lets the calls of a stage fail, from the first, n times in all.
func failing(stage partnertest.DfnsStage, n int, failure partnertest.DfnsFailure) partnertest.DfnsOptions {
	return partnertest.DfnsOptions{AnyPath: true, Fail: func(at partnertest.DfnsStage, nth int, seen *partnertest.Request) (f partnertest.DfnsFailure) {
		if at == stage && nth <= n && !strings.HasSuffix(seen.Target, "/wallets") {
			f = failure
		}
		return f
	}}
}

// Reading is tried again after a failure that may pass, with a nonce and an API
// signature of its own.
func TestDfnsRetryGET(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504} {
		p := dfnsSetup{App: true, Dfns: failing(partnertest.DfnsReadCall, 2, partnertest.DfnsFailure{Status: status})}.start(t)
		p.ask("GET", "/keys?limit=1", "").ok(t)
		p.saw(t, "GET /keys?limit=1", "GET /keys?limit=1", "GET /keys?limit=1")
		p.inOrder(t)
	}
}

// Other answers are the client's: a limit, too, which more calls would only
// stretch.
func TestDfnsNoRetry(t *testing.T) {
	for _, status := range []int{400, 401, 404, 409, 429} {
		p := dfnsSetup{Dfns: failing(partnertest.DfnsReadCall, 9, partnertest.DfnsFailure{Status: status, RetryAfter: "7"})}.start(t)
		if res := p.ask("GET", "/keys", ""); res.StatusCode != status || res.Header.Get("Retry-After") != "7" || res.Header.Get("Proxy-Status") != "" {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
		p.saw(t, "GET /keys")
	}
}

// A write is tried again when its body has the externalId by which Dfns knows it
// again, with a user action and a nonce of its own, and is carried out once,
// even if Dfns failed after that.
func TestDfnsRetryWrites(t *testing.T) {
	for i, test := range []struct {
		path, body string
		again      bool
	}{
		{"/transfers", transfer("order-1"), true},
		{"/transfers", transfer(""), false},
		{"/transfers", `{"kind":"Native","to":"0x1","externalId":""}`, false},
		{"/transfers", `{"kind":"Native","to":"0x1","memo":{"externalId":"order-1"}}`, false},
		{"/transactions", `{"kind":"Transaction","transaction":"0x00","externalId":"tx-1"}`, true},
		{"/transactions", `{"kind":"Transaction","transaction":"0x00"}`, false},
		{"/signatures", `{"kind":"Message","message":"0x00","externalId":"sig-1"}`, true},
		{"/signatures", `{"kind":"Message","message":"0x00"}`, false},
		{"/offers", `{"externalId":"of-1"}`, false},
	} {
		t.Run(fmt.Sprint(test.path[1:], i), func(t *testing.T) {
			for _, after := range []bool{false, true} {
				options := failing(partnertest.DfnsWriteCall, 2, partnertest.DfnsFailure{Status: 503, After: after}) // 1 is the wallet
				p := dfnsSetup{App: true, Dfns: options}.start(t)
				wallet := p.wallet()
				p.Partner.Reset()
				target := wallet + test.path
				res := p.ask("POST", target, test.body)
				want := signed("POST " + target)
				if status := map[bool]int{true: 200, false: 503}[test.again]; res.StatusCode != status {
					t.Errorf("%d %s", res.StatusCode, res.Text)
				}
				if test.again {
					want = slices.Concat(want, want)
				}
				p.saw(t, want...)
				carriedOut := 1 // the wallet
				if test.again || after {
					carriedOut++
				}
				if n := len(p.Writes()); n != carriedOut {
					t.Errorf("%d writes, want %d", n, carriedOut)
				}
				if string(p.Last().Body) != test.body {
					t.Errorf("sent %s", p.Last().Body)
				}
				p.inOrder(t)
			}
		})
	}
}

// A write whose connection ends is never sent again by itself, with or without an
// externalId: what became of it is not known, and the client is told so.
func TestDfnsWriteLost(t *testing.T) {
	options := failing(partnertest.DfnsWriteCall, 9, partnertest.DfnsFailure{End: partnertest.Reset, After: true})
	p := dfnsSetup{Dfns: options}.start(t)
	wallet := p.wallet()
	p.Partner.Reset()
	p.ask("PUT", wallet, `{"name":"Kasse"}`).refused(t, 502, "partner-failed")
	p.saw(t, signed("PUT "+wallet)...)
}
