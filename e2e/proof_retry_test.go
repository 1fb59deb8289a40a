package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A session is asked for again after 502, at most twice, and after 500 once,
// with the bytes of the first try; after anything else never.
func TestProofRetries(t *testing.T) {
	all := map[string]int{}
	for _, status := range []int{400, 401, 403, 404, 408, 409, 413, 415, 422, 425, 429, 501, 503, 504} {
		all[fmt.Sprint(status)] = 1
	}
	for failures, tries := range all {
		proofRetries(t, failures, 1, tries)
	}
	for _, test := range []struct {
		failures     string // statuses, in order; then it works
		times, tries int    // how often these come, and what Proof sees
	}{
		{"502", 1, 2}, {"502", 2, 3}, {"502", 9, 3},
		{"500", 1, 2}, {"500", 9, 2},
		{"502 500", 1, 3}, {"500 502", 1, 3}, {"500 502", 9, 3}, {"502 502 500", 9, 4}, {"502 429", 1, 2}, {"500 503", 1, 2},
	} {
		proofRetries(t, test.failures, test.times, test.tries)
	}
}

func proofRetries(t *testing.T, failures string, times, tries int) {
	t.Run(fmt.Sprint(failures, " times ", times), func(t *testing.T) {
		var statuses []int
		for status := range strings.FieldsSeq(strings.Repeat(failures+" ", times)) {
			var code int
			_, _ = fmt.Sscan(status, &code)
			statuses = append(statuses, code)
		}
		p := proofSetup{Proof: partnertest.ProofOptions{Fail: func(_ partnertest.ProofStage, n int, _ *partnertest.Request) (f partnertest.Failure) {
			if n <= len(statuses) {
				f = partnertest.Failure{Status: statuses[n-1], Code: fmt.Sprint("failure_", n)}
			}
			return f
		}}}.start(t)
		const body = "{ \"n\": 1.50 }\n"
		res := p.session(body, endUser, "Idempotency-Key: client's")
		if tries > len(statuses) {
			res.ok(t)
		} else if res.StatusCode != statuses[tries-1] || at(res.Text, "code") != fmt.Sprint("failure_", tries) || res.Header.Get("Proxy-Status") != "" {
			t.Errorf("%d %s, want Proof's answer %d", res.StatusCode, res.Text, tries)
		}
		bodies := p.tried()
		if len(bodies) != tries || !strings.Contains(bodies[0], insertedIP) || len(slices.Compact(bodies)) != 1 {
			t.Errorf("tried %q, want %d times the same", bodies, tries)
		}
		requests := p.Requests()
		for i, r := range requests {
			if r.Header.Has("Idempotency-Key") {
				t.Error("the client's idempotency key was passed on")
			}
			if i == 0 {
				continue
			}
			wait := r.Received.Sub(requests[i-1].Received)
			if wait < 100*time.Millisecond || wait > 2*time.Second {
				t.Errorf("try %d came after %s", i+1, wait)
			}
		}
	})
}

// Its state is asked for again like a session; an upgrade and other calls are not.
func TestProofRetriesOfOthers(t *testing.T) {
	p := proofSetup{Proof: partnertest.ProofOptions{Fail: func(_ partnertest.ProofStage, _ int, seen *partnertest.Request) (f partnertest.Failure) {
		return partnertest.Failure{Status: 502}
	}}}.start(t)
	for target, tries := range map[string]int{"GET /widget/transactions/m-1": 3, "GET /ws?tx_id=m-1": 1, "POST /widget/other": 1, "DELETE /widget/session": 1} {
		p.Partner.Reset()
		method, path, _ := strings.Cut(target, " ")
		if res := p.send(method, path, nil); res.StatusCode != 502 || len(p.Requests()) != tries {
			t.Errorf("%s: %d after %d tries, want %d", target, res.StatusCode, len(p.Requests()), tries)
		}
	}
}

// A longer Retry-After is followed, in both of its forms, as far as the time
// allows; what would come too late is not waited for.
func TestProofRetryAfter(t *testing.T) {
	for name, after := range map[string]func() string{
		"seconds": func() string { return "2" },
		"a date":  func() string { return time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		p := proofSetup{Proof: partnertest.ProofOptions{Fail: func(_ partnertest.ProofStage, n int, _ *partnertest.Request) (f partnertest.Failure) {
			if n == 1 {
				f = partnertest.Failure{Status: 502, RetryAfter: after()}
			}
			return f
		}}}.start(t)
		p.session(`{}`).ok(t)
		r := p.Requests()
		if len(r) != 2 {
			t.Fatalf("%d tries", len(r))
		}
		if wait := r[1].Received.Sub(r[0].Received); wait < 1500*time.Millisecond || wait > 6*time.Second {
			t.Errorf("Retry-After in %s, and waited for %s", name, wait)
		}
	}
	p := proofSetup{Lines: "timeout 2s", Proof: proofFails(partnertest.ProofSessionCall, 1, partnertest.Failure{Status: 502, RetryAfter: "3"})}.start(t)
	start := time.Now()
	if res := p.session(`{}`); res.StatusCode != 502 || res.Header.Get("Retry-After") != "3" || time.Since(start) > time.Second || len(p.Tries()) != 1 {
		t.Errorf("%d %v after %s and %d tries", res.StatusCode, res.Header, time.Since(start), len(p.Tries()))
	}
}

// For a client that has left nothing is waited for, held or sent.
func TestProofClientLeaves(t *testing.T) {
	p := proofSetup{Proof: proofFails(partnertest.ProofSessionCall, 9, partnertest.Failure{Status: 502, RetryAfter: "6"})}.start(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, "POST", p.URL+"/widget/session", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	left := make(chan error, 1)
	go func() {
		_, err := plainClient.Do(req)
		left <- err
	}()
	holds := func() bool { return p.metric("partnersign_body_memory_bytes") > 0 }
	within(t, soon, "the first try", func() bool { return len(p.Tries()) == 1 })
	if !holds() {
		t.Error("the body is not held")
	}
	leave()
	if take(t, left) == nil {
		t.Error("it was answered")
	}
	within(t, soon, "the body to be given up", func() bool { return !holds() })
	time.Sleep(time.Until(p.Requests()[0].Received.Add(7 * time.Second)))
	if n := len(p.Tries()); n != 1 {
		t.Errorf("tried %d times", n)
	}
}

// A session whose connection ends is not asked for again: it may have been made.
func TestProofLostConnections(t *testing.T) {
	for how, ending := range map[string]partnertest.Ending{"close": partnertest.Close, "reset": partnertest.Reset} {
		t.Run(how, func(t *testing.T) {
			p := proofSetup{Proof: proofFails(partnertest.ProofSessionCall, 9, partnertest.Failure{After: true, End: ending})}.start(t)
			for _, headers := range [][]string{nil, keyed[:1], keyed[1:]} {
				p.Reset()
				p.send("GET", "/widget/transactions/m-1", nil) // so that there is a connection
				p.session(`{"merchant_transaction_id":"m-1"}`, headers...).refused(t, 502, "partner-failed")
				if n := len(p.Sessions()); n != 1 {
					t.Errorf("%d sessions were made", n)
				}
			}
		})
	}
}
