package partnertest

import (
	"net/http"
	"strings"
	"testing"
)

const (
	proofToken  = "client-token-canary"
	proofOrigin = "https://app.example.com"
)

// A proofCaller is a client of Proof.
type proofCaller struct {
	*Proof
	t      testing.TB
	client *http.Client
}

func newProofCaller(t testing.TB, opts ProofOptions) *proofCaller {
	t.Helper()
	if opts.Tokens == nil {
		opts.Tokens = []string{proofToken}
	}
	opts.Origins = []string{"https://other.example.com", proofOrigin}
	p := NewProof(t, opts)
	return &proofCaller{p, t, p.Client()}
}

// request makes a request that is in order. Headers are names and values that replace its
// own; an empty value removes it.
func (c *proofCaller) request(method, target, body string, headers ...string) *http.Request {
	c.t.Helper()
	request, err := http.NewRequest(method, c.URL()+target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+proofToken)
	if method == "POST" {
		request.Header.Set("Origin", proofOrigin)
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
		}
	}
	return request
}

func (c *proofCaller) call(method, target, body string, headers ...string) callAnswer {
	c.t.Helper()
	return mustSend(c.t, c.client, c.request(method, target, body, headers...))
}

// session makes a session.
func (c *proofCaller) session(body string) callAnswer {
	c.t.Helper()
	return answeredWith(c.t, c.call("POST", "/widget/session", body), 200)
}
