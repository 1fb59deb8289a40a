package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

const (
	proofToken  = "canary-client-token-9c0f6e31"
	proofOrigin = "https://app.example.com"

	// endUser is a header of the proxy that proofSetup trusts.
	endUser = "X-Forwarded-For: 203.0.113.7"
)

// A proofSetup is what a test of the preset varies.
type proofSetup struct {
	Proof   partnertest.ProofOptions // of which token and origin are filled in
	Lines   string                   // of partner_proxy
	Site    string                   // with BLOCK for partner_proxy; default: it alone
	Options string                   // global; default: a proxy on this machine is trusted
}

// A proofProxy is a Caddy in front of a demo Proof.
type proofProxy struct {
	*process
	*partnertest.Proof
	file caddyfile
}

func (s proofSetup) start(t testing.TB) proofProxy {
	t.Helper()
	s.Proof.Tokens, s.Proof.Origins = []string{proofToken}, []string{proofOrigin}
	proof := partnertest.NewProof(t, s.Proof)
	block := fmt.Sprintf("partner_proxy proof %s {\nclient_token {file.DIR/token}\norigin %s\n%s\ntransport http {\ntls_trust_pool file DIR/ca.pem\n}\n}\n",
		proof.URL(), proofOrigin, s.Lines)
	file := caddyfile{
		Site:    strings.ReplaceAll(cmp.Or(s.Site, "BLOCK"), "BLOCK", block),
		Options: cmp.Or(s.Options, behindProxy),
		Files:   map[string]string{"ca.pem": string(proof.CA()), "token": proofToken + "\n"},
	}
	return proofProxy{startCaddy(t, file), proof, file}
}

// session asks for one as an application's server does.
func (p proofProxy) session(body string, headers ...string) answer {
	p.process.t.Helper()
	return p.send("POST", "/widget/session", strings.NewReader(body), slices.Concat(headers, []string{"Content-Type: application/json"})...)
}

// tried are the bodies that Proof was sent, in order.
func (p proofProxy) tried() (bodies []string) {
	for _, body := range p.Tries() {
		bodies = append(bodies, string(body))
	}
	return bodies
}

// inOrder checks that Proof has found nothing wrong with any call.
func (p proofProxy) inOrder(t testing.TB) {
	t.Helper()
	for _, refusal := range p.Refusals() {
		t.Errorf("%s %s: %d %s", refusal.Request.Method, refusal.Request.Target, refusal.Status, refusal.Reason)
	}
}

// proofFails makes the first n calls of a stage fail.
func proofFails(stage partnertest.ProofStage, n int, failure partnertest.Failure) partnertest.ProofOptions {
	return partnertest.ProofOptions{Fail: func(s partnertest.ProofStage, nth int, _ *partnertest.Request) (f partnertest.Failure) {
		if s == stage && nth <= n {
			f = failure
		}
		return f
	}}
}
