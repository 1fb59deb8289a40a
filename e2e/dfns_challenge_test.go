package e2e

import (
	"crypto"
	"fmt"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Each way in which Dfns may not authorise a write is told to the client by a
// type, a status and Dfns' own words, and the write is not sent.
func TestDfnsChallengeFailures(t *testing.T) {
	said := func(status int, message string) partnertest.DfnsFailure {
		return partnertest.DfnsFailure{Status: status, Body: fmt.Sprintf(`{"error":{"id":"4711","status":%d,"message":%q}}`, status, message)}
	}
	for _, test := range []struct {
		name    string
		failure partnertest.DfnsFailure
		status  int
		kind    string
		detail  string
		after   string // Retry-After
		tries   int
	}{
		{"401", said(401, "Unauthorized"), 503, "credential-unavailable", "with status 401, saying: Unauthorized (error id 4711)", "", 1},
		{"403", said(403, "Operation not permitted"), 403, "challenge-refused", "with status 403, saying: Operation not permitted (error id 4711)", "", 1},
		{"400", said(400, "Bad Request"), 502, "challenge-failed", "with status 400, saying: Bad Request (error id 4711)", "", 1},
		{"404", partnertest.DfnsFailure{Status: 404, Body: `{"message":"Not Found"}`}, 502, "challenge-failed", "with status 404, saying: Not Found", "", 1},
		{"429 for long", partnertest.DfnsFailure{Status: 429, RetryAfter: "17"}, 429, "rate-limited", "with status 429, saying: Too Many Requests", "17", 1},
		{"429", partnertest.DfnsFailure{Status: 429}, 429, "rate-limited", "with status 429", "", 3},
		{"503 for long", partnertest.DfnsFailure{Status: 503, RetryAfter: "17"}, 502, "challenge-failed", "with status 503", "17", 1},
		{"500", said(500, "Internal Server Error"), 502, "challenge-failed", "with status 500, saying: Internal Server Error (error id 4711); try again", "", 3},
		{"502 of a gateway", partnertest.DfnsFailure{Status: 502, Body: "<html>Bad Gateway</html>"}, 502, "challenge-failed", "with status 502; try again", "", 3},
		{"redirect", partnertest.DfnsFailure{Status: 302, Body: "moved"}, 502, "challenge-failed", "with status 302", "", 1},
		{"garbage", partnertest.DfnsFailure{Body: "<html>sign in</html>"}, 502, "challenge-failed", "its answer is not the JSON that was expected", "", 1},
		{"other JSON", partnertest.DfnsFailure{Body: `{"challenge":7}`}, 502, "challenge-failed", "its answer is not the JSON that was expected", "", 1},
		{"endless", partnertest.DfnsFailure{Body: strings.Repeat(" ", 2<<20)}, 502, "challenge-failed", "its answer is longer than 1 MiB", "", 1},
		{"connection ends", partnertest.DfnsFailure{End: partnertest.Reset}, 502, "challenge-failed", "did not answer", "", 3},
	} {
		for stage, path := range map[partnertest.DfnsStage]string{partnertest.DfnsInitCall: "/auth/action/init", partnertest.DfnsActionCall: "/auth/action"} {
			t.Run(test.name+" at "+string(stage), func(t *testing.T) {
				t.Parallel()
				p := dfnsSetup{App: true, Dfns: partnertest.DfnsOptions{Fail: func(at partnertest.DfnsStage, _ int, _ *partnertest.Request) (f partnertest.DfnsFailure) {
					if at == stage {
						f = test.failure
					}
					return f
				}}}.start(t)
				res := p.ask("POST", "/wallets", `{"network":"Bitcoin"}`)
				res.refused(t, test.status, test.kind)
				detail := fmt.Sprint(at(res.Text, "detail"))
				if !strings.Contains(detail, test.detail) || !strings.Contains(detail, "POST "+path) {
					t.Errorf("detail %q", detail)
				}
				if after := res.Header.Get("Retry-After"); after != test.after {
					t.Errorf("Retry-After is %q, want %q", after, test.after)
				}
				tries := 0
				for _, call := range p.calls() {
					if call == "POST "+path {
						tries++
					}
				}
				if tries != test.tries {
					t.Errorf("%d tries, want %d", tries, test.tries)
				}
				p.unwritten(t)
				if n := p.metric("partnersign_problems_total", `partner="dfns"`, `type="`+test.kind+`"`); n != 1 {
					t.Errorf("counted %v times", n)
				}
				p.fresh(t)
			})
		}
	}
}

// A challenge that another credential is to answer is not signed.
func TestDfnsCredentialNotListed(t *testing.T) {
	p := dfnsSetup{Dfns: partnertest.DfnsOptions{
		Credentials: map[string]crypto.PublicKey{"cr-2": keyOf(t, "ed25519").Partner.Public},
	}}.start(t)
	res := p.ask("POST", "/wallets", `{"network":"Bitcoin"}`)
	res.refused(t, 503, "credential-unavailable")
	if !strings.Contains(res.Text, "does not take the configured credential") {
		t.Error(res.Text)
	}
	p.saw(t, "POST /auth/action/init")
}

// The time of a request is also that of its challenge.
func TestDfnsTimeout(t *testing.T) {
	for _, stage := range []partnertest.DfnsStage{partnertest.DfnsInitCall, partnertest.DfnsActionCall} {
		p := dfnsSetup{Lines: "timeout 500ms", Dfns: partnertest.DfnsOptions{Fail: slow(stage, "10s")}}.start(t)
		p.ask("POST", "/wallets", `{"network":"Bitcoin"}`).refused(t, 504, "too-slow")
		p.unwritten(t)
	}
}
