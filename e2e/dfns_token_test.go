package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A token that has expired is not sent, and one that takes its place is used
// without a restart.
func TestDfnsTokenExpired(t *testing.T) {
	p := dfnsSetup{Dfns: partnertest.DfnsOptions{Token: dfnsToken(time.Now().Add(-time.Minute))}}.start(t)
	for _, call := range []string{"GET /wallets", "POST /wallets", "POST /auth/action/init"} {
		method, target, _ := strings.Cut(call, " ")
		res := p.ask(method, target, `{"network":"Bitcoin"}`)
		res.refused(t, 503, "credential-unavailable")
		if !strings.Contains(res.Text, "the bearer token expired at 20") {
			t.Errorf("the client is told %s", res.Text)
		}
	}
	if n := strings.Count(p.Log(), "the bearer token expired at 20"); n < 3 {
		t.Errorf("the log says so %d times", n)
	}
	p.saw(t)
	fresh := dfnsToken(time.Now().Add(30 * 24 * time.Hour))
	if err := p.SetRequire(partnertest.Require{Bearer: fresh}); err != nil {
		t.Fatal(err)
	}
	p.replace("token", fresh+"\n")
	within(t, 5*time.Second, "the new token to be used", func() bool { return p.ask("GET", "/wallets", "").StatusCode == 200 })
	p.wallet()
	p.inOrder(t)
}

// A token that is replaced while it is good is replaced for the calls of
// challenges, too.
func TestDfnsTokenReplaced(t *testing.T) {
	p := dfnsSetup{}.start(t)
	p.wallet()
	fresh := dfnsToken(time.Now().Add(100 * 24 * time.Hour))
	p.replace("token", fresh)
	within(t, 5*time.Second, "the new token to be used", func() bool {
		p.ask("GET", "/wallets", "")
		return p.Last().Header.Get("Authorization") == "Bearer "+fresh
	})
	if err := p.SetRequire(partnertest.Require{Bearer: fresh}); err != nil {
		t.Fatal(err)
	}
	p.wallet()
}

// The end of a token is told ahead, once, and more loudly on its last day.
func TestDfnsTokenWarns(t *testing.T) {
	const message = "a bearer token expires; put a new one in its place"
	for _, test := range []struct {
		left  time.Duration
		level string // empty: nothing is said
	}{
		{90 * 24 * time.Hour, ""},
		{3 * 24 * time.Hour, "warn"},
		{3 * time.Hour, "error"},
	} {
		expiry := time.Now().Add(test.left)
		p := dfnsSetup{Dfns: partnertest.DfnsOptions{Token: dfnsToken(expiry)}}.start(t)
		// Before the first request, for an alert on what nobody uses yet.
		if got := p.metric("partnersign_token_expiry_timestamp_seconds", `partner="dfns"`, `source="jwt"`); got != float64(expiry.Unix()) {
			t.Errorf("with %v left: the metric says %v, want %d", test.left, got, expiry.Unix())
		}
		for range 3 {
			p.wallet()
		}
		var levels []string
		for line := range strings.Lines(p.Log()) {
			if at(line, "msg") == message && at(line, "partner") == "dfns" {
				level, _ := at(line, "level").(string)
				levels = append(levels, level)
				if left, _ := at(line, "left").(float64); left > test.left.Seconds() || left < test.left.Seconds()-60 {
					t.Errorf("%v are left: %s", test.left, line)
				}
			}
		}
		if got := strings.Join(levels, " "); got != test.level {
			t.Errorf("with %v left: %q, want %q", test.left, got, test.level)
		}
	}
}
