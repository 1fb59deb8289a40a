package partnertest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestDynamicOverlap: calls of /source at once are counted by flow, and those that make
// transactions are not.
func TestDynamicOverlap(t *testing.T) {
	for name, want := range map[string]int{"same flow": 2, "two flows": 1, "transactions": 0} {
		t.Run(name, func(t *testing.T) {
			c := newDynamicCaller(t, DynamicOptions{Fail: func(stage DynamicStage, _ int, _ *Request) Failure {
				if stage == DynamicMintCall {
					return Failure{Delay: 200 * time.Millisecond}
				}
				return Failure{}
			}})
			first, _ := c.flow()
			second, _ := c.flow()
			const old = "/sdk" + dynamicEnv + "/checkouts/co-1/transactions"
			targets := map[string][]string{
				"same flow":    {first + "/source", first + "/source"},
				"two flows":    {first + "/source", second + "/source"},
				"transactions": {old, old},
			}[name]
			var calls sync.WaitGroup
			for _, target := range targets {
				calls.Go(func() { sendTo(c.Client(), c.request("POST", target, `{}`)) })
			}
			calls.Wait()
			if c.Overlap() != want {
				t.Errorf("overlap %d, want %d", c.Overlap(), want)
			}
			if want > 0 {
				c.call("POST", second+"/source", `{}`) // after the others
			}
			if c.Overlap() != want {
				t.Errorf("overlap %d after a call by itself, want %d", c.Overlap(), want)
			}
			if c.Reset(); c.Overlap() != 0 {
				t.Error("Reset left the overlap")
			}
		})
	}
}

// TestDynamicRepeats: a POST that comes again after a 5xx, or after no answer, is counted,
// unless the flow was read before.
func TestDynamicRepeats(t *testing.T) {
	for _, test := range []struct {
		failure  Failure
		read     bool
		body     string
		repeated int
	}{
		{Failure{Status: 503}, false, `{}`, 1},
		{Failure{Status: 502, After: true, Body: "<html>"}, false, `{}`, 1},
		{Failure{End: Close}, false, `{}`, 1},
		{Failure{Status: 503}, true, `{}`, 0},
		{Failure{Status: 503}, false, `{"a":1}`, 0},
		{Failure{Status: 429}, false, `{}`, 0},
		{Failure{}, false, `{}`, 0},
	} {
		f := &failing[DynamicStage]{stage: DynamicMintCall, failure: test.failure}
		c := newDynamicCaller(t, DynamicOptions{Fail: f.fail})
		path, _ := c.flow()
		f.armed.Store(true)
		sendTo(c.Client(), c.request("POST", path+"/source", `{}`))
		f.armed.Store(false)
		if test.read {
			answeredWith(t, c.call("GET", path, ""), 200)
		}
		c.call("POST", path+"/source", test.body)
		c.call("POST", path+"/source", test.body) // the one before was answered
		if c.Repeats() != test.repeated {
			t.Errorf("%+v: %d repeats, want %d", test, c.Repeats(), test.repeated)
		}
		if c.Reset(); c.Repeats()+c.Flows()+c.Sessions()+len(c.Refusals()) != 0 {
			t.Error("Reset left a record")
		}
	}
}

// TestDynamicSeesBrokenRepeat: a POST whose connection Break ends is not answered.
func TestDynamicSeesBrokenRepeat(t *testing.T) {
	var breaking atomic.Bool
	c := newDynamicCaller(t, DynamicOptions{Options: Options{Break: func(m Moment) Ending {
		if m.Stage == Executed && breaking.Load() {
			return Close
		}
		return GoOn
	}}})
	path, _ := c.flow()
	breaking.Store(true)
	if answer, err := sendTo(c.Client(), c.request("POST", path+"/source", `{}`)); err == nil {
		t.Errorf("answered %s", answer.text)
	}
	breaking.Store(false)
	if c.Repeats() != 0 {
		t.Errorf("%d repeats of none", c.Repeats())
	}
	if c.attach(path); c.Repeats() != 1 {
		t.Errorf("%d repeats", c.Repeats())
	}
}
