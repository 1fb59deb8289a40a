package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// keyed are headers by which clients, or net/http, would call a POST safe to
// send again.
var keyed = []string{"Idempotency-Key: 0f8b1f0e-3c2a-4a57-9f43-6a4b3d1c2e5f", "X-Idempotency-Key: client's"}

// A POST whose connection ends is sent once, wherever it ends, with a key or
// without, on a new connection or one that was used before; and the flow can be
// read and gone on with.
func TestDynamicLostConnections(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, stage := range []partnertest.Stage{partnertest.Arriving, partnertest.HeadRead, partnertest.Executed} {
			if protocol == "h2" && stage == partnertest.Arriving {
				continue
			}
			for how, ending := range map[string]partnertest.Ending{"close": partnertest.Close, "reset": partnertest.Reset} {
				t.Run(fmt.Sprint(protocol, " ", stage, " ", how), func(t *testing.T) {
					var breaks, broken atomic.Int32
					p := dynamicSetup{Dynamic: partnertest.DynamicOptions{Options: partnertest.Options{
						Protocols: []string{protocol},
						Break: func(m partnertest.Moment) partnertest.Ending {
							if m.Stage != stage || breaks.Load() == 0 {
								return partnertest.GoOn
							}
							broken.Add(1) // each that comes
							return ending
						},
					}}}.start(t)
					lost := func(f flow, step, body string, headers ...string) {
						t.Helper()
						f.ask("GET", f.path()).ok(t) // so that there is a connection
						breaks.Store(1)
						broken.Store(0)
						p.send("POST", "/api/v0"+f.path()+"/"+step, strings.NewReader(body), headers...).refused(t, 502, "partner-failed")
						breaks.Store(0)
						if n := broken.Load(); n != 1 {
							t.Errorf("%s %v with the body %q was sent %d times", step, headers, body, n)
						}
						f.ask("GET", f.path()).ok(t)
					}
					for _, headers := range [][]string{nil, keyed[:1], keyed[1:]} {
						for _, body := range []string{"", "{}"} { // what needs no holding could be sent again
							headers := slices.Concat(headers, []string{"Content-Type: application/json"})
							f := p.create()
							lost(f, "source", body, headers...)
							f.goes("source", 200) // nobody holds the flow
							lost(f, "quote", body, headers...)
							f.goesOn()
						}
					}
					p.inOrder(t)
				})
			}
		}
	}
}

// What Dynamic answers instead of success reaches the client, and no POST is
// sent again; a client's idempotency key is not passed on.
func TestDynamicErrors(t *testing.T) {
	var failure atomic.Pointer[partnertest.Failure]
	failure.Store(new(partnertest.Failure))
	p := dynamicSetup{Dynamic: partnertest.DynamicOptions{Fail: func(stage partnertest.DynamicStage, _ int, seen *partnertest.Request) (f partnertest.Failure) {
		if seen.Method == "POST" {
			f = *failure.Load()
		}
		return f
	}}}.start(t)
	f := p.attached()
	for _, status := range []int{400, 403, 404, 409, 429, 500, 502, 503, 504} {
		fail := &partnertest.Failure{Status: status}
		if status == 429 || status == 503 {
			fail.RetryAfter = "1"
		}
		for _, path := range []string{fmt.Sprint("/server/", dynamicEnv, "/flow/payment?not-again=", status), f.path() + "/source", f.path() + "/quote"} {
			failure.Store(fail)
			p.Partner.Reset()
			res := p.ask("POST", path, keyed...)
			if res.StatusCode != status || res.Header.Get("Retry-After") != fail.RetryAfter || at(res.Text, "error") == nil || res.Header.Get("Proxy-Status") != "" {
				t.Errorf("%d %v %s, want %d", res.StatusCode, res.Header, res.Text, status)
			}
			if seen := p.Requests(); len(seen) != 1 || seen[0].Header.Has("Idempotency-Key") || seen[0].Header.Has("X-Idempotency-Key") {
				t.Errorf("%s was sent %d times: %v", path, len(seen), seen)
			}
			failure.Store(new(partnertest.Failure))
			p.ask("GET", f.path()).ok(t) // as Dynamic asks for
		}
	}
	f.goesOn() // with the token that there was
	p.inOrder(t)
}

// Calls that make or end API tokens pass only by a line that says guarded, in
// whatever spelling they come.
func TestDynamicGuarded(t *testing.T) {
	p := dynamicSetup{}.start(t)
	tokens := "/environments/" + dynamicEnv + "/tokens"
	for _, call := range [][2]string{
		{"POST", tokens}, {"DELETE", tokens}, {"POST", tokens + "/id"}, {"DELETE", tokens + "/id/more"},
		{"POST", tokens + "/"}, {"POST", "/environments/" + dynamicEnv + "/%74okens"}, {"DELETE", "/ENVIRONMENTS/" + dynamicEnv + "/Tokens/id"},
		{"POST", "/server" + tokens}, {"POST", tokens + ";a=b"},
	} {
		p.ask(call[0], call[1]).refused(t, 403, "not-allowed")
	}
	untouched(t, p.Partner)
	p.ask("GET", tokens)
	p.ask("POST", "/environments/"+dynamicEnv+"/users")
	p.saw(t, "GET tokens", "POST users")

	p = dynamicSetup{Lines: "allow * /**\nallow POST /api/v0/environments/*/tokens guarded"}.start(t)
	p.ask("POST", tokens)
	p.ask("DELETE", tokens+"/id").refused(t, 403, "not-allowed")
	p.saw(t, "POST tokens")
	if got := p.Last().Header.Values("Authorization"); !slices.Equal(got, []string{"Bearer " + dynamicToken}) {
		t.Errorf("Authorization %q", got)
	}
}
