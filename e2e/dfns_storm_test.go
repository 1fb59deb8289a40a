package e2e

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// stormFailures are what every other call of a challenge meets, one after the
// other. Most pass with a new challenge; some have each a way of their own not to.
var stormFailures = []partnertest.DfnsFailure{
	{Status: 429, RetryAfter: "1"},
	{Status: 500},
	{Status: 503},
	{End: partnertest.Reset},
	{Status: 503, After: true}, // carried out, and the challenge lost
	{Delay: 300 * time.Millisecond},
	{End: partnertest.Close, After: true},
	{Status: 500, Body: "<html>it is us</html>"},
	{Delay: 100 * time.Millisecond, End: partnertest.Reset},
	{Status: 429, RetryAfter: "60"}, // too long to wait: the client's to know
	{Body: "<html>a login page</html>"},
	{Status: 403},
	{Status: 502},
}

// Of 200 writes at once, while calls of their challenges fail in every way, each
// arrives at most once, with a user action of its own, and those that do not
// arrive were not sent, and say so. On HTTP/2 all share a connection: when one
// call's failure is that it ends, which happens there only in the beginning, what
// becomes of the others is not known.
func TestDfnsStorm(t *testing.T) {
	for _, test := range []struct {
		protocol string
		ends     bool
		least    int // of those that succeed
	}{
		{"http/1.1", true, 80},
		{"h2", false, 80},
		{"h2", true, 20},
	} {
		shared := test.protocol == "h2" && test.ends
		t.Run(fmt.Sprintf("%s, connections end: %t", test.protocol, test.ends), func(t *testing.T) {
			p := dfnsSetup{App: true, Dfns: partnertest.DfnsOptions{
				Options: partnertest.Options{Protocols: []string{test.protocol}},
				Fail: func(stage partnertest.DfnsStage, n int, _ *partnertest.Request) (f partnertest.DfnsFailure) {
					if stage != partnertest.DfnsInitCall && stage != partnertest.DfnsActionCall || n%2 == 0 {
						return f
					}
					if f = stormFailures[n/2%len(stormFailures)]; !test.ends || shared && n > 40 {
						f.End = partnertest.GoOn
					}
					return f
				},
			}}.start(t)
			answers := p.storm(200)
			outcomes := map[string]int{}
			for name, res := range answers {
				outcomes[judge(t, name, res, shared)]++
			}
			p.checkArrived(t, answers, shared)
			p.memoryReturned(t)
			calls := map[string]int{}
			for _, call := range p.calls() {
				calls[call]++
			}
			t.Logf("answered %v; Dfns saw %v", outcomes, calls)
			if outcomes["200"] < test.least || outcomes["429 rate-limited"] == 0 || outcomes["502 challenge-failed"] == 0 || outcomes["403 challenge-refused"] == 0 {
				t.Errorf("not every outcome was there: %v", outcomes)
			}
		})
	}
}

// storm creates n wallets at once, and returns the answers by the wallets' names.
// One that was cut off has no Response.
func (p dfnsProxy) storm(n int) map[string]answer {
	answers := map[string]answer{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			name := fmt.Sprintf("wallet-%d", i)
			var got answer
			res, err := plainClient.Post(p.URL+"/wallets", "application/json", strings.NewReader(`{"network":"Bitcoin","name":"`+name+`"}`))
			if err == nil {
				defer res.Body.Close()
				var text []byte
				if text, err = io.ReadAll(res.Body); err == nil {
					got = answer{res, string(text)}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			answers[name] = got
		})
	}
	group.Wait()
	return answers
}

// judge checks one answer, and returns its status and type.
func judge(t *testing.T, name string, res answer, shared bool) string {
	t.Helper()
	switch {
	case res.Response == nil && shared:
		return "cut off"
	case res.Response == nil:
		t.Errorf("%s was not answered", name)
		return ""
	case res.StatusCode == 200:
		if at(res.Text, "name") != name {
			t.Errorf("%s was answered with %s", name, res.Text)
		}
		return "200"
	}
	kind := map[int]string{403: "challenge-refused", 429: "rate-limited", 502: "challenge-failed"}[res.StatusCode]
	if shared && strings.Contains(res.Text, "#partner-failed") {
		kind = "partner-failed"
	}
	res.refused(t, res.StatusCode, kind)
	if res.StatusCode == 429 && res.Header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	return fmt.Sprint(res.StatusCode, " ", kind)
}

// checkArrived compares what clients were told with what was carried out.
func (p dfnsProxy) checkArrived(t *testing.T, answers map[string]answer, shared bool) {
	t.Helper()
	p.fresh(t)
	for _, refusal := range p.Refusals() {
		if !shared || refusal.Request.Err == "" { // cut off on its way
			t.Errorf("%s: %d %s", refusal.Request.Target, refusal.Status, refusal.Reason)
		}
	}
	sent, carriedOut := map[any]int{}, map[any]int{}
	for _, r := range p.Requests() {
		if r.Target != "/wallets" || r.Err != "" {
			continue
		}
		sent[at(string(r.Body), "name")]++
		if r.Header.Get("X-DFNS-USERACTION") == "" {
			t.Errorf("%s was sent without a user action", r.Body)
		}
	}
	for _, w := range p.Writes() {
		carriedOut[at(string(w.Request.Body), "name")]++
		if w.Credential != "cr-1" {
			t.Errorf("signed by %q", w.Credential)
		}
	}
	for name, res := range answers {
		sent, carriedOut := sent[name], carriedOut[name]
		switch unknown := res.Response == nil || strings.Contains(res.Text, "#partner-failed"); {
		case sent <= 1 && carriedOut <= sent && unknown:
		case sent == 1 && carriedOut == 1 && !unknown && res.StatusCode == 200:
		case sent == 0 && !unknown && res.StatusCode != 200:
		default:
			t.Errorf("%s was sent %d times, carried out %d times and answered with %s", name, sent, carriedOut, res.Text)
		}
	}
}
