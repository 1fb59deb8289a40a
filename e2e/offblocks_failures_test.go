package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// garbage quotes the secret, as endpoints do.
const garbage = `{"error":"` + offBlocksSecret + `","message":"apiSecret ` + offBlocksSecret + ` is wrong"}`

// While no token is to be had nothing is sent, each request is told which token
// is missing and why, in words that hold no secret, and when to come again. It heals by
// itself.
func TestOffBlocksTokenFails(t *testing.T) {
	for name, test := range map[string]struct {
		failure partnertest.Failure
		detail  string
	}{
		"500":               {partnertest.Failure{Status: 500, Body: garbage}, "it answered 500"},
		"503 for a while":   {partnertest.Failure{Status: 503, RetryAfter: "3"}, "it answered 503"},
		"429 until a date":  {partnertest.Failure{Status: 429, RetryAfter: time.Now().Add(4 * time.Second).UTC().Format(http.TimeFormat)}, "it answered 429"},
		"wrong secret":      {partnertest.Failure{Status: 401, Body: garbage}, "it answered 401; check the credentials that it is asked with"},
		"HTML":              {partnertest.Failure{Body: "<!doctype html>" + offBlocksSecret}, "its answer is not JSON"},
		"502 and HTML":      {partnertest.Failure{Status: 502, Body: "<html>" + offBlocksSecret}, "it answered 502"},
		"no token":          {partnertest.Failure{Body: garbage}, "there is no token at /token in its answer"},
		"half an answer":    {partnertest.Failure{Body: `{"token":"` + offBlocksSecret}, "its answer is not JSON"},
		"expired token":     {partnertest.Failure{Body: `{"token":"a","expiresAt":1700000000}`}, "its token has expired already"},
		"no time":           {partnertest.Failure{Body: `{"token":"a","expiresAt":"soon"}`}, "/expiresAt in its answer is no time"},
		"unsendable token":  {partnertest.Failure{Body: `{"token":"a\r\nX-Evil: b","expiresAt":4000000000}`}, "its token holds a space or another character that a header cannot have"},
		"huge":              {partnertest.Failure{Padding: 2 << 20, Chunked: true}, "its answer is longer than 1 MiB"},
		"huge token":        {partnertest.Failure{Body: `{"token":"` + strings.Repeat("a", 40<<10) + `","expiresAt":4000000000}`}, "its token is longer than 32 KiB"},
		"connection closed": {partnertest.Failure{End: partnertest.Close}, "it did not answer"},
		"connection reset":  {partnertest.Failure{End: partnertest.Reset}, "it did not answer"},
		"slow":              {partnertest.Failure{Delay: 30 * time.Second}, "it did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b trouble
			p := offBlocksSetup{OffBlocks: b.of(partnertest.OffBlocksTokenCall)}.start(t)
			b.begin(test.failure)
			p.tokenless(t, test.detail)
			if calls := p.calls(); len(calls) > 0 {
				t.Errorf("OffBlocks saw %s %s", calls[0].Method, calls[0].Target)
			}
			b.end()
			p.heals(t)
			if n := p.metric("partnersign_token_refreshes_total", `result="failed"`, `partner="offblocks"`); n < 1 {
				t.Error("no failure was counted")
			}
		})
	}
}

// tokenless checks what clients are told while there is no token.
func (p offBlocksProxy) tokenless(t *testing.T, detail string) {
	t.Helper()
	want := fmt.Sprintf("no token from %s: %s", strings.TrimPrefix(p.OffBlocks.URL(), "https://"), detail)
	for _, res := range []answer{p.ask("POST", customers, "{}"), p.ask("GET", customers+"/a", "")} {
		res.refused(t, 503, "credential-unavailable")
		if got, _ := at(res.Text, "detail").(string); !strings.HasPrefix(got, want) {
			t.Errorf("the client is told %q, want %q", got, want)
		}
		if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || after < 1 || after > 5 {
			t.Errorf("Retry-After: %s", res.Header.Get("Retry-After"))
		}
		for place, text := range map[string]string{"the answer": fmt.Sprint(res.Header, res.Text), "the log": p.Log()} {
			if strings.Contains(text, offBlocksSecret) || strings.Contains(text, offBlocksAPIKey) {
				t.Errorf("%s holds a secret", place)
			}
		}
	}
	if !strings.Contains(p.Log(), want) {
		t.Error("the log does not say so")
	}
}

// heals waits until requests pass again, and checks that only one of them did.
func (p offBlocksProxy) heals(t *testing.T) {
	t.Helper()
	within(t, 6*time.Second, "a token to be had again", func() bool { return p.ask("POST", customers, "{}").StatusCode == 201 })
	if n := len(p.Writes()); n != 1 {
		t.Errorf("%d writes", n)
	}
	p.inOrder(t)
}

// A source that said when to come again is not asked before, however many ask.
func TestOffBlocksTokenBackoff(t *testing.T) {
	var b trouble
	p := offBlocksSetup{OffBlocks: b.of(partnertest.OffBlocksTokenCall)}.start(t)
	b.begin(partnertest.Failure{Status: 503, RetryAfter: "4"})
	for begin := time.Now(); time.Since(begin) < 2*time.Second; time.Sleep(50 * time.Millisecond) {
		p.ask("GET", customers+"/a", "").refused(t, 503, "credential-unavailable")
	}
	if n := p.tokenCalls(); n != 1 {
		t.Errorf("asked for a token %d times", n)
	}
}

// A redirect is not followed: what is posted is a secret.
func TestOffBlocksTokenRedirected(t *testing.T) {
	var moved atomic.Bool
	moved.Store(true)
	p := offBlocksSetup{OffBlocks: partnertest.OffBlocksOptions{Options: partnertest.Options{
		Answer: func(w http.ResponseWriter, _ *http.Request, seen *partnertest.Request, _ partnertest.Verdict) bool {
			if seen.Target == "/v1/auth/token" && moved.Load() {
				w.Header().Set("Location", "/v1/elsewhere")
				w.WriteHeader(http.StatusPermanentRedirect)
				return true
			}
			return false
		},
	}}}.start(t)
	p.tokenless(t, "it answered with a redirect (308), which is not followed; configure the URL that it leads to")
	if calls := p.calls(); len(calls) > 0 {
		t.Errorf("OffBlocks saw %s %s", calls[0].Method, calls[0].Target)
	}
	moved.Store(false)
	p.heals(t)
}

// Where nobody listens there is no token; once somebody does there is.
func TestOffBlocksTokenRefusedConnection(t *testing.T) {
	address := deadAddress(t)
	p := offBlocksSetup{URL: "https://" + address}.start(t)
	for range 2 {
		res := p.ask("GET", customers+"/a", "")
		res.refused(t, 503, "credential-unavailable")
		if detail := at(res.Text, "detail"); detail != "no token from "+address+": it cannot be reached; the proxy's log says why" || res.Header.Get("Retry-After") == "" {
			t.Errorf("the client is told %s", detail)
		}
	}
	if !strings.Contains(p.Log(), "connect: connection refused") {
		t.Error("the log does not say why")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			caddy, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", p.Addr().String())
			if err != nil {
				caddy.Close()
				return
			}
			go func() { _, _ = io.Copy(behind, caddy); behind.Close() }()
			go func() { _, _ = io.Copy(caddy, behind); caddy.Close() }()
		}
	}()
	p.heals(t)
}
