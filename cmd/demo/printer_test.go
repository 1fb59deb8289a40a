package main

import (
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// example is a POST as it was sent, and as it was received.
func example() (string, *partnertest.Request) {
	return "POST /pay HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\n\r\n{}", &partnertest.Request{
		Method: "POST",
		Raw:    []byte("POST /pay HTTP/1.1\r\nHost: partner.test\r\nAccept: */*\r\nAuthorization: Bearer canary\r\nSignature: sig1=:AAAA:\r\n\r\n{}"),
		Body:   []byte("{}"),
		Verdict: partnertest.Verdict{
			OK:             true,
			IdempotencyKey: "7b1f6c2e",
			Signatures: []partnertest.Signature{{
				Label: "sig1", KeyID: "demo-2026", Algorithm: "ed25519", Rebuilt: "accepted", HTTPSign: "accepted",
				Base: "\"@method\": POST\n\"authorization\": Bearer canary\n\"@signature-params\": ()",
			}},
		},
	}
}

func TestPrintExchange(t *testing.T) {
	var out strings.Builder
	sent, received := example()
	printer{&out, false}.exchange(&exchange{sent: sent, received: []*partnertest.Request{received}}, nil, true)
	const want = `
What the application sent: POST

  POST /pay HTTP/1.1
  Host: 127.0.0.1:8080
  Accept: */*

  {}

What the partner received

  POST /pay HTTP/1.1
  Host: partner.test
  Accept: */*
+ Authorization: Bearer ****
+ Signature: sig1=:AAAA:

  {}

The partner's verdict: verified

  Idempotency-Key       7b1f6c2e
  signature             sig1
  key                   demo-2026 (ed25519)
  httpsign              accepted
  independent rebuild   accepted
  signature base, rebuilt from what was received:
    "@method": POST
    "authorization": Bearer ****
    "@signature-params": ()
`
	if got := out.String(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

func TestPrintColours(t *testing.T) {
	var out strings.Builder
	sent, received := example()
	received.Verdict.OK = false
	received.Verdict.Problems = []string{"Something differs."}
	printer{&out, true}.exchange(&exchange{sent: sent, received: []*partnertest.Request{received}, answer: "200 OK"}, []string{"it is wrong"}, false)
	for _, want := range []string{
		"\x1b[32m+ Authorization: Bearer ****\x1b[0m\n",
		"\x1b[31mnot verified\x1b[0m",
		"\x1b[31m  Something differs.\x1b[0m\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %q", want, out.String())
		}
	}
	if strings.Contains(out.String(), "canary") {
		t.Error("the bearer token is shown")
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"short", "short"},
		{"", ""},
		{"0123456789 0123456789 0123", "0123456789 |    0123456789 |    0123"},
		{"0123456789;a=b;c=d;e=f", "0123456789;a=b;|    c=d;e=f"},
		{"0123456789abcdef0123456789abcdef", "0123456789abcdef|    0123456789ab|    cdef"},
	} {
		if got := strings.Join(wrap(test.text, 16), "|"); got != test.want {
			t.Errorf("%q becomes %q, want %q", test.text, got, test.want)
		}
	}
}
