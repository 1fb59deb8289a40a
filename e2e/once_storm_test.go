package e2e

import (
	"flag"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	onceSeed     = flag.Uint64("once.seed", 0, "seed of the dying partner and its clients; 0: a random one")
	onceRequests = flag.Int("once.requests", 700, "calls of clients for each protocol of the dying partner")
)

// A partner that dies in every way, under a storm of clients that know nothing
// of it: on the wire no nonce and no signature is there twice, no write comes
// again that must not, those that may have the same key and body, and what the
// clients are told is true.
func TestOnce(t *testing.T) {
	seed := *onceSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-once.seed=%d -once.requests=%d", seed, *onceRequests)
	for _, test := range []struct{ name, tls, deaths, versions string }{
		{"HTTP1", "http/1.1", "http/1.1", ""},
		{"HTTP1 without TLS", "", "http/1.1", ""},
		{"HTTP2", "h2", "h2", ""},
		{"H2C", "", "h2", "versions h2c 2\n"},
		{"HTTP3", "h3", "h3", "versions 3\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rec := newRecord(func(mark int) []byte { return newOnceCall(seed, mark/onceTries).body })
			partner := newDyingPartner(t, newPlanner(seed, test.deaths), rec, test.tls)
			caddy := startCaddy(t, onceSite(t, partner, test.versions))
			all := onceStorm(seed, caddy.URL)
			caddy.memoryReturned(t)
			partner.end()
			outcomes := rec.judgeAll(all, test.deaths != "http/1.1")
			for _, wrong := range rec.wrong {
				t.Error(wrong)
			}
			for _, kind := range partner.all() {
				if partner.happened[kind] == 0 {
					t.Errorf("nothing died of %q", kind)
				}
			}
			for _, outcome := range slices.Sorted(maps.Keys(outcomes)) {
				t.Logf("%6d %s", outcomes[outcome], outcome)
			}
			t.Logf("deaths: %v", partner.happened)
			t.Logf("%d connections; %d nonces, signatures and the like, each once", partner.conns, len(rec.seen))
		})
	}
}

// onceStorm has clients make all calls, many at once, and returns what they were
// told, by mark.
func onceStorm(seed uint64, url string) map[int]told {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 60 * time.Second}
	all := make(map[int]told, *onceRequests)
	var mu sync.Mutex
	var next atomic.Int64
	var group sync.WaitGroup
	for range 48 {
		group.Go(func() {
			for n := int(next.Add(1)) - 1; n < *onceRequests; n = int(next.Add(1)) - 1 {
				c := newOnceCall(seed, n)
				for try := range onceTries {
					o := c.ask(client, url, n*onceTries+try)
					mu.Lock()
					all[n*onceTries+try] = o
					mu.Unlock()
					if !c.goesOn(o, try) {
						break
					}
				}
			}
		})
	}
	group.Wait()
	return all
}

// goesOn reports whether the client sends another request: the next step of a
// flow, or what has failed once more.
func (c onceCall) goesOn(o told, try int) bool {
	ok := o.err == nil && o.status == 200
	if c.profile.session {
		return ok
	}
	return !ok && try+1 < c.tries
}

// judgeAll counts outcomes.
func (r *record) judgeAll(all map[int]told, shared bool) map[string]int {
	outcomes := map[string]int{}
	for _, mark := range slices.Sorted(maps.Keys(all)) {
		o := all[mark]
		outcomes[r.judge(o, mark, shared)]++
		first := mark - mark%onceTries
		r.judgeTries(o, mark, first)
		if o.call.profile.session && mark > first {
			r.judgeSession(all[first], mark)
		}
	}
	r.checkCut()
	for mark, seen := range r.sightings {
		if _, asked := all[mark]; !asked {
			r.errorf("nobody has asked for %v", seen)
		}
	}
	return outcomes
}

// judgeTries compares the keys of a client's own repeats.
func (r *record) judgeTries(o told, mark, first int) {
	c := o.call
	for _, s := range r.sightings[mark] {
		if !s.whole {
			continue
		}
		if c.key != "" && c.named == "Idempotency-Key" && c.profile.preset != "dfns" && !c.profile.session && s.key != c.key {
			r.errorf("%v: the client's key was replaced by %q", o, s.key)
		}
		for _, before := range r.sightings[first] {
			same := s.key == before.key
			if before.whole && c.reference != "" && !c.safe() && !same {
				r.errorf("%v: the keys of one reference are %q and %q", o, before.key, s.key)
			}
		}
	}
}

// judgeSession checks that a token that was told once is on the next step.
func (r *record) judgeSession(minted told, mark int) {
	if minted.err != nil || minted.status != 200 {
		return
	}
	token, _ := at(minted.text, "sessionToken").(string)
	for _, s := range r.sightings[mark] {
		if s.session != token || !strings.HasPrefix(token, "dft_") {
			r.errorf("%v has the token %q, where %q was told", s, s.session, token)
		}
	}
}
