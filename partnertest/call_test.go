package partnertest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"testing"
)

// sendRaw sends bytes and reads the answer.
func sendRaw(t testing.TB, p *Partner, wire string) callAnswer {
	t.Helper()
	config := p.authority.clientTLS()
	config.ServerName = "partner.test"
	conn, err := tls.Dial("tcp", p.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, wire); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return callAnswer{Response: res, text: string(text)}
}

// TestCallForm: what OffBlocks, Dynamic and Proof refuse of any call, and what Require
// asks for in addition.
func TestCallForm(t *testing.T) {
	options := Options{Require: Require{IdempotencyKey: AnyKey}}
	o := NewOffBlocks(t, OffBlocksOptions{Options: options, APIKey: "a", APISecret: "b"})
	d := NewDynamic(t, DynamicOptions{Options: options, Tokens: []string{dynamicToken}})
	p := NewProof(t, ProofOptions{Options: options, Tokens: []string{proofToken}})
	for _, test := range []struct {
		partner  *Partner
		refusals func() []Refusal
	}{{o.Partner, o.Refusals}, {d.Partner, d.Refusals}, {p.Partner, p.Refusals}} {
		for _, call := range []struct {
			wire   string
			status int
			want   string
		}{
			{"GET /a HTTP/1.1\nHost: a\n\n", 400, "The request is not whole"},
			{"GET https://partner.test/a HTTP/1.1\r\nHost: partner.test\r\n\r\n", 400, "is not a path"},
			{"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 401, "There are 0 Idempotency-Key fields"},
			{"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 400, "GET has a body"},
		} {
			refusedWith(t, test.refusals, sendRaw(t, test.partner, call.wire), call.status, call.want)
		}
	}
}

// TestAnswerIsAskedFirst: an Answer of the options answers instead.
func TestAnswerIsAskedFirst(t *testing.T) {
	options := Options{Answer: func(w http.ResponseWriter, _ *http.Request, _ *Request, _ Verdict) bool {
		w.WriteHeader(http.StatusTeapot)
		return true
	}}
	o := NewOffBlocks(t, OffBlocksOptions{Options: options, APIKey: "a", APISecret: "b"})
	d := NewDynamic(t, DynamicOptions{Options: options, Tokens: []string{dynamicToken}})
	p := NewProof(t, ProofOptions{Options: options, Tokens: []string{proofToken}})
	for _, partner := range []*Partner{o.Partner, d.Partner, p.Partner} {
		if res, _ := post(t, partner.Client(), partner.URL(), "{}"); res.StatusCode != http.StatusTeapot {
			t.Errorf("answered %s", res.Status)
		}
	}
}
