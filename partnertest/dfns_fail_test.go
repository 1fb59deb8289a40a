package partnertest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// TestDfnsFail: each stage fails in each way, before it is carried out or after, and the
// next call of it does not.
func TestDfnsFail(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, stage := range []DfnsStage{DfnsInitCall, DfnsActionCall, DfnsWriteCall, DfnsReadCall} {
			for _, failure := range []DfnsFailure{
				{Status: 429, RetryAfter: "7"}, {Status: 503}, {Body: "<html>"}, {Status: 502, Body: "<html>"}, {End: Close}, {End: Reset},
			} {
				for _, failure.After = range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %s %+v", protocol, stage, failure), func(t *testing.T) {
						testDfnsFailure(t, protocol, stage, failure)
					})
				}
			}
		}
	}
}

func testDfnsFailure(t *testing.T, protocol string, failing DfnsStage, failure DfnsFailure) {
	var armed atomic.Bool
	c := newDfnsCaller(t, DfnsOptions{Options: Options{Protocols: []string{protocol}}, Fail: func(stage DfnsStage, n int, seen *Request) DfnsFailure {
		if seen == nil || n < 1 {
			t.Errorf("asked about %v, call %d", seen, n)
		}
		if stage == failing && armed.Load() {
			return failure
		}
		return DfnsFailure{}
	}})
	const body = `{"network":"Bitcoin"}`
	challenge := c.challengeFor("POST", "/wallets", body)
	token := c.userAction("POST", "/wallets", body)
	armed.Store(true)
	call := map[DfnsStage][]string{
		DfnsInitCall:   {"POST", "/auth/action/init", initBody("POST", "/wallets", body)},
		DfnsActionCall: {"POST", "/auth/action", c.answerTo(challenge)},
		DfnsWriteCall:  {"POST", "/wallets", body, "X-DFNS-USERACTION", token},
		DfnsReadCall:   {"GET", "/wallets", ""},
	}[failing]
	request := c.request(call[0], call[1], call[2], call[3:]...)
	answer, err := c.send(request)
	switch {
	case failure.End != GoOn:
		if err == nil {
			t.Errorf("answered %d %s, want the end of the connection", answer.StatusCode, answer.text)
		}
	case err != nil:
		t.Fatal(err)
	case answer.StatusCode != max(200, failure.Status) || answer.Header.Get("Retry-After") != failure.RetryAfter:
		t.Errorf("answered %d, Retry-After %q", answer.StatusCode, answer.Header.Get("Retry-After"))
	case failure.Body != "" && answer.text != failure.Body, failure.Body == "" && answer.at("error", "status") != float64(failure.Status):
		t.Errorf("answered %s", answer.text)
	}
	if n := len(c.Refusals()); n != 0 {
		t.Errorf("%d refusals: an injected failure is none", n)
	}
	armed.Store(false)
	again := c.call(call[0], call[1], call[2], call[3:]...)
	switch spent := failure.After && (failing == DfnsActionCall || failing == DfnsWriteCall); {
	case spent:
		c.refusedWith(again, 400, "before.")
	case again.StatusCode != 200:
		t.Errorf("then: %d %s", again.StatusCode, again.text)
	}
	if want := map[bool]int{true: 1}[failing == DfnsWriteCall]; len(c.Writes()) != want {
		t.Errorf("%d writes, want %d", len(c.Writes()), want)
	}
}

// TestDfnsFailNumbers: Fail counts the calls of each stage apart, from one.
func TestDfnsFailNumbers(t *testing.T) {
	var asked []string // one call after the other
	c := newDfnsCaller(t, DfnsOptions{Fail: func(stage DfnsStage, n int, seen *Request) DfnsFailure {
		asked = append(asked, fmt.Sprint(stage, n, seen.Target))
		return DfnsFailure{}
	}})
	c.write("POST", "/wallets", `{"network":"Bitcoin"}`)
	c.call("GET", "/wallets", "")
	c.write("POST", "/keys", `{"scheme":"ECDSA","curve":"secp256k1"}`)
	c.Reset()
	c.call("GET", "/keys", "")
	want := "[init1/auth/action/init action1/auth/action write1/wallets read1/wallets init2/auth/action/init action2/auth/action write2/keys read1/keys]"
	if got := fmt.Sprint(asked); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestDfnsSlow(t *testing.T) {
	for _, after := range []bool{false, true} {
		c := newDfnsCaller(t, DfnsOptions{Fail: func(DfnsStage, int, *Request) DfnsFailure {
			return DfnsFailure{After: after, Delay: 30 * time.Millisecond}
		}})
		start := time.Now()
		if answer := c.call("GET", "/wallets", ""); answer.StatusCode != 200 || time.Since(start) < 30*time.Millisecond {
			t.Errorf("%d after %s", answer.StatusCode, time.Since(start))
		}
	}
}

// TestDfnsCloseWhileSlow: closing does not wait for a slow call.
func TestDfnsCloseWhileSlow(t *testing.T) {
	reached := make(chan struct{})
	c := newDfnsCaller(t, DfnsOptions{Fail: func(DfnsStage, int, *Request) DfnsFailure {
		close(reached)
		return DfnsFailure{Delay: time.Hour}
	}})
	go c.send(c.request("GET", "/wallets", ""))
	<-reached
	c.Close()
}
