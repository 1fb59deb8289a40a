package e2e

import (
	"context"
	"flag"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

var soakDuration = flag.Duration("soak.duration", 6*time.Second, "how long TestSoak puts a process under load")

// A soak is a process under load, with all that it depends on.
type soak struct {
	*process
	partners []*soakPartner
	dfns     *partnertest.Dfns
	dynamic  *partnertest.Dynamic
	tokens   *soakTokens
	storage  *soakStorage
	load     *soakLoad
	file     caddyfile
}

// While the configuration is reloaded every second, keys and tokens are replaced,
// and the token endpoint and the storage are away for seconds, every request gets
// one answer: the partner's, which has verified it, or the problem that the
// outage makes. What the process takes returns to what it was.
func TestSoak(t *testing.T) {
	s := startSoak(t)
	s.run(t, 6*time.Second, false) // what is made once is made then
	before := s.rest(nil)
	s.run(t, *soakDuration, true)
	after := s.rest(&before)
	s.check(t)
	t.Logf("answers: %v", s.load.answers)
	t.Logf("%d reloads; %d connections were closed while idle and %d unread; %d tokens", s.load.reloads, s.load.idle, s.load.unread, s.tokens.count())
	t.Logf("before: %v", before)
	t.Logf("after:  %v", after)
	if after.exceeds(before) {
		t.Errorf("more is taken than the tolerance of %v\n%s", soakTolerance, s.leftovers())
	}
}

// run puts the process under load while everything around it changes. Without
// reloads, which read the keys anew, it shows how long a former key stays in use.
func (s *soak) run(t *testing.T, duration time.Duration, reloads bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	var all sync.WaitGroup
	for i, work := range []func(*soakClient){
		func(c *soakClient) { s.acme(c, "ed25519") }, func(c *soakClient) { s.acme(c, "ed25519") },
		func(c *soakClient) { s.acme(c, "hmac") }, func(c *soakClient) { s.acme(c, "hmac") },
		func(c *soakClient) { s.acme(c, "p256") }, func(c *soakClient) { s.acme(c, "p256") },
		s.wallet, s.wallet, s.flow, s.flow,
	} {
		c := s.load.client(s.path("soak.sock"), i%2 == 0)
		all.Go(func() {
			defer c.http.CloseIdleConnections()
			for ctx.Err() == nil {
				work(c)
				pace()
			}
		})
	}
	every := func(interval time.Duration, do func(n int)) {
		all.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-time.After(interval):
					do(n)
				}
			}
		})
	}
	if reloads {
		every(time.Second, func(n int) { s.load.reload(s, n) })
	}
	every(700*time.Millisecond, func(n int) { s.partners[n%len(s.partners)].rotate(t, s.process) })
	every(time.Second, func(n int) { s.outages(t, n%12) })
	all.Wait()
	s.outages(t, 0)
}

// outages makes them in a round of twelve seconds: the token endpoint is away
// for longer than a token lives, the storage for three seconds.
func (s *soak) outages(t *testing.T, second int) {
	switch second {
	case 1:
		s.tokens.set(true)
	case 3:
		s.storage.leave(t)
	case 0, 6:
		if s.tokens.set(false); s.storage.is() {
			s.storage.comeBack(t)
		}
	}
}

// reload loads one of two configurations, forced, as `caddy reload --force` does.
func (l *soakLoad) reload(s *soak, n int) {
	file := s.file
	file.Site = s.site([]string{"even", "odd"}[n%2])
	s.write(file)
	req, err := http.NewRequest("POST", "http://127.0.0.1/load", strings.NewReader(readFile(s.path("Caddyfile"))))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "text/caddyfile")
	req.Header.Set("Cache-Control", "must-revalidate")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.path("admin.sock"))
	}}}
	res, err := client.Do(req)
	if err != nil {
		l.complain("reload: %v", err)
		return
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		l.complain("reload: %s", res.Status)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reloads++
}

// rest waits for what goes on, with no connection to a partner left idle.
func (s *soak) rest(before *footprint) footprint {
	s.t.Helper()
	s.load.reload(s, 0)
	return s.resting(before)
}
