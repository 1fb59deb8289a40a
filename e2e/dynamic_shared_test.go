package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// slowMint makes each call that mints a token take long enough for another to
// come meanwhile.
func slowMint(stage partnertest.DynamicStage, _ int, _ *partnertest.Request) partnertest.Failure {
	if stage == partnertest.DynamicMintCall {
		return partnertest.Failure{Delay: 300 * time.Millisecond, After: true}
	}
	return partnertest.Failure{}
}

// startTwo starts two proxies in front of one Dynamic, with the same storage or
// one of each.
func startTwo(t *testing.T, shared bool, lines string, opts partnertest.DynamicOptions) (a, b dynamicProxy) {
	t.Helper()
	s := dynamicSetup{Options: persisted, Lines: lines, Dynamic: opts}
	if shared {
		s.Options = fmt.Sprintf("storage file_system %s\n\t%s", t.TempDir(), persisted)
	}
	a = s.start(t)
	return a, s.startAt(t, a.Dynamic)
}

// Each step of a flow may come to another proxy, and one of them may be killed
// in between.
func TestDynamicTwoProxies(t *testing.T) {
	for _, lines := range []string{"", "strip_session", "per_client"} {
		t.Run(lines, func(t *testing.T) {
			a, b := startTwo(t, true, lines, partnertest.DynamicOptions{})
			f := a.attached()
			f.by(b).goes("quote", 200)
			f.by(b).goes("source", 200) // needs the token of the other's
			a.crash()
			f.by(b).goes("quote", 200)
			a.restart()
			f.goes("quote", 200)
			f.by(b).goes("prepare", 200)
			f.goes("broadcast", 200)

			f = b.attached()
			f.by(a).goes("cancel", 200)
			f.goes("quote", 401) // the other has forgotten it
			if n := b.captured("missing"); n != 1 {
				t.Errorf("%v missing tokens are counted, want 1", n)
			}
		})
	}
}

// The form before flows, whose ids Dynamic makes, is shared and survives alike.
func TestDynamicOlderForm(t *testing.T) {
	for _, lines := range []string{"", "strip_session"} {
		a, b := startTwo(t, true, lines, partnertest.DynamicOptions{})
		res := a.ask("POST", "/sdk/"+dynamicEnv+"/checkouts/co-1/transactions")
		if told := at(res.Text, "sessionToken") != nil; res.StatusCode != 201 || told != (lines == "") {
			t.Errorf("%d %s", res.StatusCode, res.Text)
		}
		path := fmt.Sprintf("/sdk/%s/transactions/%s/", dynamicEnv, at(res.Text, "transaction", "id"))
		a.crash()
		b.ask("POST", path+"source").ok(t)
		a.restart()
		a.ask("POST", path+"quote").ok(t)
		b.ask("POST", path+"cancel").ok(t)
		a.inOrder(t)
		if res := a.ask("POST", path+"quote"); res.StatusCode != 401 || a.captured("missing") != 1 {
			t.Errorf("the cancelled one: %d %s, %v tokens are missing", res.StatusCode, res.Text, a.captured("missing"))
		}
	}
}

// Proxies that share nothing do not know each other's flows.
func TestDynamicTwoStorages(t *testing.T) {
	a, b := startTwo(t, false, "", partnertest.DynamicOptions{})
	f := a.attached()
	f.by(b).goes("quote", 401)
	f.goesOn()
}

// Calls of /source of one flow run one after the other, at one proxy and at two,
// whatever the order of their answers: the flow goes on with the token that lives.
// Proxies that share nothing show what this test would see otherwise.
func TestDynamicSourcesAtOnce(t *testing.T) {
	for _, test := range []struct {
		name    string
		options string // of one proxy; empty: two
		shared  bool
		overlap int
	}{
		{"one proxy", " ", true, 1},
		{"one proxy, persisted", persisted, true, 1},
		{"two proxies", "", true, 1},
		{"two that share nothing", "", false, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts := partnertest.DynamicOptions{Fail: slowMint}
			var a, b dynamicProxy
			if test.options == "" {
				a, b = startTwo(t, test.shared, "", opts)
			} else {
				a = dynamicSetup{Options: test.options, Dynamic: opts}.start(t)
				b = a
			}
			f := a.create()
			var calls sync.WaitGroup
			for _, p := range []dynamicProxy{a, b, a, b} {
				calls.Go(func() {
					if res := f.by(p).step("source"); res.StatusCode != 200 && test.shared {
						t.Errorf("source: %d %s", res.StatusCode, res.Text)
					}
				})
			}
			calls.Wait()
			if n := a.Overlap(); n != test.overlap {
				t.Errorf("%d calls of source were under way at once, want %d", n, test.overlap)
			}
			if test.shared {
				f.by(b).goesOn()
				a.inOrder(t)
			}
		})
	}
}

// Flows do not wait for each other.
func TestDynamicManyFlowsAtOnce(t *testing.T) {
	const flows = 20
	a, b := startTwo(t, true, "", partnertest.DynamicOptions{Fail: slowMint})
	start := time.Now()
	var calls sync.WaitGroup
	for i := range flows {
		calls.Go(func() {
			f := []dynamicProxy{a, b}[i%2].create()
			f.goes("source", 200)
			f.by([]dynamicProxy{b, a}[i%2]).goesOn()
		})
	}
	calls.Wait()
	a.inOrder(t)
	if took := time.Since(start); took > flows*300*time.Millisecond {
		t.Errorf("%d flows took %s: as if one after the other", flows, took)
	}
	if a.Flows() != flows || a.Sessions() != flows {
		t.Errorf("%d flows, %d sessions", a.Flows(), a.Sessions())
	}
}

// A proxy that dies while it holds a flow does not keep it: the other goes on
// once the storage's lock is stale.
func TestDynamicCrashInSource(t *testing.T) {
	var first sync.Once
	arrived, left := make(chan struct{}), make(chan struct{})
	a, b := startTwo(t, true, "", partnertest.DynamicOptions{Fail: func(stage partnertest.DynamicStage, n int, _ *partnertest.Request) (f partnertest.Failure) {
		if stage == partnertest.DynamicMintCall && n == 1 {
			first.Do(func() { close(arrived) })
			<-left
			f.Status = 503 // which nobody gets: no token is lost
		}
		return f
	}})
	f := a.create()
	go func() {
		if res, err := plainClient.Post(a.URL+"/api/v0"+f.path()+"/source", "application/json", nil); err == nil {
			res.Body.Close()
		}
	}()
	take(t, arrived)
	a.crash()
	close(left)
	start := time.Now()
	f.by(b).goes("source", 200)
	if took := time.Since(start); took < time.Second || took > 25*time.Second {
		t.Errorf("the flow was waited for %s", took)
	}
	f.by(b).goesOn()
	a.restart()
}
