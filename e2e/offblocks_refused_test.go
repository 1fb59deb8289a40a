package e2e

import (
	"fmt"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A token that OffBlocks does not take any more is replaced in the middle of a
// write: one token is fetched, and the write is sent once more with the same key and
// body, and a signature of its own. It is executed once.
func TestOffBlocksTokenDiesMidway(t *testing.T) {
	for method, body := range map[string]string{"POST": `{"externalId":"8"}`, "PATCH": `{"externalId":"9"}`, "GET": "", "DELETE": ""} {
		// Another process each time: a token is forgotten once in 10 seconds.
		p := offBlocksSetup{}.start(t)
		target, made, writes := p.customer(), 1, 2
		switch method {
		case "POST":
			target, made = customers, 2
		case "GET":
			writes = 1
		}
		p.InvalidateTokens()
		if res := p.ask(method, target, body); res.StatusCode >= 300 {
			t.Errorf("%s: %d %s", method, res.StatusCode, res.Text)
		}
		calls := p.calls()
		if len(calls) != 3 {
			t.Fatalf("%s: OffBlocks saw %d calls", method, len(calls))
		}
		p.sentTwice(t, calls[1], calls[2])
		if len(p.Writes()) != writes || p.Customers() != made {
			t.Errorf("%s: %d writes, %d customers", method, len(p.Writes()), p.Customers())
		}
		p.issued(t, 2)
		if n := p.metric("partnersign_token_refreshes_total", `result="refused"`, `partner="offblocks"`); n != 1 {
			t.Errorf("%v refused tokens were counted", n)
		}
	}
}

// sentTwice checks what two attempts of one request have in common.
func (p offBlocksProxy) sentTwice(t *testing.T, first, second *partnertest.Request) {
	t.Helper()
	for _, name := range []string{"Idempotency-Key", "Content-Digest", "Content-Type"} {
		if first.Header.Get(name) != second.Header.Get(name) {
			t.Errorf("%s is %q and %q", name, first.Header.Get(name), second.Header.Get(name))
		}
	}
	for _, name := range []string{"Authorization", "Signature"} {
		if first.Header.Get(name) == second.Header.Get(name) || second.Header.Get(name) == "" {
			t.Errorf("%s is %q twice", name, second.Header.Get(name))
		}
	}
	if string(first.Body) != string(second.Body) || first.Target != second.Target || first.Method != second.Method {
		t.Error("another request was sent")
	}
	p.once(t)
}

// An OffBlocks that takes no token is not asked for one by each request: its 401
// reaches the clients.
func TestOffBlocksRefusesEverything(t *testing.T) {
	var b trouble
	p := offBlocksSetup{OffBlocks: b.of(partnertest.OffBlocksReadCall, partnertest.OffBlocksWriteCall)}.start(t)
	b.begin(partnertest.Failure{Status: 401})
	for i := range 30 {
		res := p.ask("POST", customers, fmt.Sprintf(`{"externalId":"%d"}`, i))
		if res.StatusCode != 401 || at(res.Text, "code") != "unauthorized" || res.Header.Get("Proxy-Status") != "" {
			t.Errorf("%d %s", res.StatusCode, res.Text)
		}
	}
	p.issued(t, 2) // the first, and one in its place
	if n := len(p.calls()); n != 31 {
		t.Errorf("OffBlocks saw %d calls, want 30 and one again", n)
	}
	b.end()
	p.customer()
	p.issued(t, 2)
	p.once(t)
}

// A token that is refused while no other is to be had: the client gets OffBlocks'
// own 401 and the next ones the reason, and nothing goes out twice.
func TestOffBlocksRefusedAndNoOther(t *testing.T) {
	var b trouble
	p := offBlocksSetup{OffBlocks: b.of(partnertest.OffBlocksTokenCall)}.start(t)
	p.customer()
	p.InvalidateTokens()
	b.begin(partnertest.Failure{Status: 503})
	if res := p.ask("POST", customers, "{}"); res.StatusCode != 401 || at(res.Text, "code") != "unauthorized" {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	if n := len(p.calls()); n != 2 {
		t.Errorf("OffBlocks saw %d calls", n)
	}
	p.tokenless(t, "it answered 503")
	if n := p.metric("partnersign_token_expiry_timestamp_seconds", `partner="offblocks"`); n != 0 {
		t.Errorf("there is a token until %v", n)
	}
	b.end()
	waitFor(t, "a token to be had again", func() bool { return p.ask("POST", customers, "{}").StatusCode == 201 })
	if len(p.Writes()) != 2 {
		t.Errorf("%d writes", len(p.Writes()))
	}
	p.once(t)
}
