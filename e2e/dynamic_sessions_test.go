package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// behindProxy has Caddy believe another proxy on this machine, which appends to
// X-Forwarded-For. Without strict Caddy would take the first address there,
// which clients choose.
const behindProxy = "servers {\n\t\ttrusted_proxies static 127.0.0.1/32\n\t\ttrusted_proxies_strict\n\t}\n"

// With per_client only the client that attached the source goes on with the
// flow; what another sends goes out without the token. Without it whoever knows
// the flow's id does.
func TestDynamicPerClient(t *testing.T) {
	for _, perClient := range []bool{true, false} {
		t.Run(fmt.Sprint(perClient), func(t *testing.T) {
			s := dynamicSetup{Options: behindProxy}
			other := 200
			if perClient {
				s.Lines, other = "per_client", 401
			}
			p := s.start(t)
			const alice, bob = "X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 203.0.113.8"
			f := p.create()
			f.goes("source", 200, alice)
			f.goes("quote", other, bob)
			f.goes("quote", other) // the trusted proxy's own
			f.goes("quote", 200, alice)
			f.goes("quote", 200, "X-Forwarded-For: 198.51.100.1, 203.0.113.7") // whom the proxy has seen comes last
			f.goes("quote", other, "X-Forwarded-For: 203.0.113.7, 203.0.113.8")

			f = p.create() // each has a session of his own
			f.goes("source", 200, alice)
			f.goes("source", other, bob)
			f.goes("quote", 200, alice)
		})
	}
}

// The same for clients at other addresses of this machine, which send whatever
// they like.
func TestDynamicPerClientByAddress(t *testing.T) {
	needsCommand(t, "curl")
	p := dynamicSetup{Lines: "per_client"}.start(t)
	f := p.create()
	from := func(address, step string, args ...string) string {
		t.Helper()
		args = append(args, "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--interface", address, "--json", "{}", p.URL+"/api/v0"+f.path()+"/"+step)
		output, err := exec.Command("curl", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}
	for _, test := range []struct{ address, step, header, status string }{
		{"127.0.0.2", "source", "A: b", "200"},
		{"127.0.0.3", "quote", "A: b", "401"},
		{"127.0.0.3", "quote", "X-Forwarded-For: 127.0.0.2", "401"},
		{"127.0.0.3", "quote", "Forwarded: for=127.0.0.2", "401"},
		{"127.0.0.3", "quote", "X-Real-IP: 127.0.0.2", "401"},
		{"127.0.0.2", "quote", "X-Forwarded-For: 127.0.0.3", "200"},
	} {
		if status := from(test.address, test.step, "-H", test.header); status != test.status {
			t.Errorf("%s from %s with %s: %s, want %s", test.step, test.address, test.header, status, test.status)
		}
	}
}

// A client that sends a session token keeps its own, in every spelling of the
// header, and what becomes of that does not touch what is stored.
func TestDynamicOwnToken(t *testing.T) {
	p := dynamicSetup{}.start(t)
	f := p.attached()
	token := p.SessionToken(f.id)
	f.goes("quote", 401, flowToken+": dft_wrong")
	if got := p.Last().Header.Values(flowToken); !slices.Equal(got, []string{"dft_wrong"}) {
		t.Errorf("quote carries %q", got)
	}
	p.raw("POST /api/v0"+f.path()+"/quote HTTP/1.1\r\nHost: 127.0.0.1\r\nx-dynamic-FLOW-session-token: dft_other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", time.Second)
	if got := p.Last().Header.Values(flowToken); !slices.Equal(got, []string{"dft_other"}) {
		t.Errorf("quote carries %q", got)
	}
	f.goes("quote", 200)
	f.goes("quote", 200, flowToken+": "+token)
	f.goes("prepare", 200)
	f.goes("cancel", 200, flowToken+": "+token) // ends it for all
	p.Partner.Reset()
	f.goes("quote", 401)
	if p.Last().Header.Has(flowToken) {
		t.Error("a cancelled flow's token went out")
	}
}

// A token goes out on the steps of its own flow, and on nothing else.
func TestDynamicTokenStays(t *testing.T) {
	p := dynamicSetup{}.start(t)
	f, other := p.attached(), p.create()
	p.Partner.Reset()
	for _, call := range [][2]string{
		{"GET", f.path()}, {"GET", f.path() + "/quote"}, {"DELETE", f.path() + "/cancel"}, {"POST", f.path() + "/other"},
		{"POST", f.path() + "/quote/"}, {"POST", f.path() + "/quote/more"}, {"POST", f.path() + "/QUOTE"},
		{"POST", other.path() + "/quote"}, {"POST", strings.Replace(f.path(), dynamicEnv, "another", 1) + "/quote"},
		{"POST", strings.ToUpper(f.path()[5:]) + "/quote"}, {"GET", "/server/" + dynamicEnv + "/flow/" + f.id},
	} {
		p.ask(call[0], call[1])
	}
	for _, r := range p.Requests() {
		if r.Header.Has(flowToken) {
			t.Errorf("%s %s carries the token", r.Method, r.Target)
		}
	}
	if n := len(p.Requests()); n != 11 {
		t.Errorf("Dynamic saw %d calls", n)
	}
	f.goes("quote", 200)
}

// A token that is over, by its own time or by Dynamic's word, is not sent again.
func TestDynamicTokenEnds(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		p := dynamicSetup{Dynamic: partnertest.DynamicOptions{SessionLife: time.Second}}.start(t)
		f := p.attached()
		f.goes("quote", 200)
		time.Sleep(1100 * time.Millisecond)
		f.goes("quote", 401)
		if p.Last().Header.Has(flowToken) || p.captured("expired") != 1 {
			t.Errorf("an expired token went out; %v are counted", p.captured("expired"))
		}
		f.goes("source", 200)
	})
	t.Run("by 401", func(t *testing.T) {
		p := dynamicSetup{Dynamic: partnertest.DynamicOptions{Fail: func(stage partnertest.DynamicStage, n int, _ *partnertest.Request) (f partnertest.Failure) {
			if stage == partnertest.DynamicStepCall && n <= 3 {
				f.Status = []int{403, 503, 401}[n-1]
			}
			return f
		}}}.start(t)
		f := p.attached()
		for _, status := range []int{403, 503, 401} { // only the last ends it
			f.goes("quote", status)
			if !p.Last().Header.Has(flowToken) {
				t.Errorf("the call answered with %d had no token", status)
			}
		}
		f.goes("quote", 401)
		if p.Last().Header.Has(flowToken) || p.captured("dropped") != 1 {
			t.Error("a refused token went out again")
		}
	})
}

// A new server token is used without a restart.
func TestDynamicTokenRotation(t *testing.T) {
	p := dynamicSetup{}.start(t)
	f := p.attached()
	if err := p.SetTokens("dyn_the-next-one"); err != nil {
		t.Fatal(err)
	}
	if res := p.ask("POST", "/server/"+dynamicEnv+"/flow/payment"); res.StatusCode != 401 {
		t.Errorf("the former token: %d", res.StatusCode)
	}
	p.replace("token", "dyn_the-next-one\n")
	within(t, soon, "the new token", func() bool { return p.ask("POST", "/server/"+dynamicEnv+"/flow/payment").StatusCode == 201 })
	f.goesOn()
}

// A token is stored although the client does not wait for it.
func TestDynamicClientLeaves(t *testing.T) {
	p := dynamicSetup{Dynamic: partnertest.DynamicOptions{Fail: slowMint}}.start(t)
	f := p.create()
	ctx, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer leave()
	req, err := http.NewRequestWithContext(ctx, "POST", p.URL+"/api/v0"+f.path()+"/source", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := plainClient.Do(req); err == nil {
		t.Fatalf("answered %s", res.Status)
	}
	within(t, soon, "the token to be stored", func() bool { return p.captured("stored") == 1 })
	f.goesOn()
	p.inOrder(t)
}
