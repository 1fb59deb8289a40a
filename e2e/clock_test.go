package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A partnerClock is a partner's own, off by so much.
type partnerClock struct{ off atomic.Int64 }

func (c *partnerClock) now() time.Time        { return time.Now().Add(time.Duration(c.off.Load())) }
func (c *partnerClock) set(off time.Duration) { c.off.Store(int64(off)) }
func newPartnerClock(off time.Duration) *partnerClock {
	c := new(partnerClock)
	c.set(off)
	return c
}

// clockSkew is the metric of the only partner.
func clockSkew(t *testing.T, caddy *process) (seconds float64, ok bool) {
	t.Helper()
	for line := range strings.Lines(caddy.admin("/metrics")) {
		if value, ok := strings.CutPrefix(line, `partnersign_clock_skew_seconds{partner="acme"} `); ok {
			seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return seconds, true
		}
	}
	return 0, false
}

// clockLines are the lines of the log about the clock, without what comes
// before the message.
func clockLines(t *testing.T, caddy *process) (lines []string) {
	t.Helper()
	for line := range strings.Lines(caddy.Log()) {
		var entry struct {
			Level, Msg, Partner string
			Skew, Uncertainty   float64
		}
		if json.Unmarshal([]byte(line), &entry) == nil && strings.Contains(entry.Msg, "clock") {
			lines = append(lines, entry.Level+" "+entry.Msg)
			if entry.Partner != "acme" || entry.Uncertainty < 0.5 {
				t.Errorf("the line does not say whose clock, or how sure that is: %s", line)
			}
		}
	}
	return lines
}

// A partner whose clock is wrong shows in the log and in the metrics, and so
// does its coming right again. Answers that a cache may have kept do not count.
func TestClockOfThePartner(t *testing.T) {
	clock := newPartnerClock(0)
	_, caddy := startAcme(t, partnertest.Options{Now: clock.now}, "name acme")
	send := func(off time.Duration, want int) {
		t.Helper()
		clock.set(off)
		if got := caddy.send("POST", "/v1/payments", strings.NewReader(`{"amount":1}`)); got.StatusCode != want {
			t.Fatalf("off by %v: answered %d %s", off, got.StatusCode, got.Text)
		}
	}
	wantSkew := func(off time.Duration) {
		t.Helper()
		if got, ok := clockSkew(t, caddy); !ok || got < off.Seconds()-5 || got > off.Seconds()+5 {
			t.Errorf("the metric says %v, %v, want about %v", got, ok, off.Seconds())
		}
	}
	if _, ok := clockSkew(t, caddy); ok {
		t.Error("the metric is there before an answer was")
	}
	send(0, 200)
	wantSkew(0)
	if lines := clockLines(t, caddy); len(lines) != 0 {
		t.Errorf("logged %q of a clock that is right", lines)
	}
	send(-time.Hour, 401) // what is signed here is of the future there
	wantSkew(-time.Hour)
	send(-time.Hour, 401)
	send(0, 200)
	wantSkew(0)
	lines := clockLines(t, caddy)
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "warn the partner's clock is ") || !strings.Contains(lines[0], " behind this machine's") ||
		!strings.Contains(lines[0], "may be why it has refused a request with 401") || !strings.HasPrefix(lines[1], "info ") {
		t.Errorf("logged %q", lines)
	}
	send(time.Hour, 401) // expired there
	wantSkew(time.Hour)
}

// A strict partner takes nothing that was made after now by its clock. Where
// this machine's is a little ahead, created is set back.
func TestClockBackdatedForAStrictPartner(t *testing.T) {
	const behind = 20 * time.Second
	for _, test := range []struct {
		name, created string
		back          int64 // in seconds
		status        int
	}{{"now", "created", 0, 401}, {"set back", "created=-30s", 30, 200}} {
		t.Run(test.name, func(t *testing.T) {
			clock, key := newPartnerClock(-behind), keyOf(t, "ed25519")
			partner := partnertest.New(t, partnertest.Options{Now: clock.now, Require: acmeRequire(key)})
			lines := strings.Replace(acme, "parameters created ", "parameters "+test.created+" ", 1)
			caddy := startCaddy(t, siteFile(t, block(partner, lines), partner))
			before := time.Now().Unix()
			answer := caddy.send("POST", "/v1/payments", strings.NewReader(`{"amount":1}`))
			after := time.Now().Unix()
			if answer.StatusCode != test.status {
				t.Errorf("answered %d %s", answer.StatusCode, answer.Text)
			}
			requests, err := partner.Wait(1, 10*time.Second)
			if err != nil || len(requests[0].Verdict.Signatures) != 1 {
				t.Fatalf("%d requests, %v", len(requests), err)
			}
			var created, expires int64
			parameters := requests[0].Verdict.Signatures[0].Parameters
			if _, err := fmt.Sscan(parameters.Get("created")+" "+parameters.Get("expires"), &created, &expires); err != nil {
				t.Fatal(err)
			}
			if at := created + test.back; at < before || at > after || expires != created+60 {
				t.Errorf("created %d, expires %d, sent from %d to %d", created, expires, before, after)
			}
		})
	}
}

// A cache's answer is as old as its Date, and the partner's clock is not.
func TestClockOfCachedAnswers(t *testing.T) {
	clock := newPartnerClock(-time.Hour)
	options := partnertest.Options{Now: clock.now, Answer: ageAnswer}
	_, caddy := startSignOnly(t, options, "name acme")
	caddy.send("GET", "/kept", nil)
	if _, ok := clockSkew(t, caddy); ok || len(clockLines(t, caddy)) != 0 {
		t.Errorf("an old answer is taken for an old clock: %q", clockLines(t, caddy))
	}
	caddy.send("GET", "/fresh", nil)
	if _, ok := clockSkew(t, caddy); !ok || len(clockLines(t, caddy)) != 1 {
		t.Errorf("a fresh answer does not tell: %q", clockLines(t, caddy))
	}
}

func ageAnswer(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
	if r.URL.Path == "/kept" {
		w.Header().Set("Age", "3600")
	}
	return false
}

// How far is too far can be said.
func TestClockWarningIsConfigured(t *testing.T) {
	clock := newPartnerClock(-time.Hour)
	_, caddy := startSignOnly(t, partnertest.Options{Now: clock.now}, "name acme", "clock_skew_warning 2h")
	caddy.send("POST", "/", nil)
	if skew, ok := clockSkew(t, caddy); !ok || skew > -3000 || len(clockLines(t, caddy)) != 0 {
		t.Errorf("an hour is the metric's %v, %v, and logged %q", skew, ok, clockLines(t, caddy))
	}
}
