package e2e

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// gated holds the n-th call for a token until it is let go.
func gated(n int) (opts partnertest.OffBlocksOptions, begun <-chan struct{}, goOn chan<- struct{}) {
	come, gate := make(chan struct{}, 1), make(chan struct{})
	return partnertest.OffBlocksOptions{Fail: func(stage partnertest.OffBlocksStage, nth int, _ *partnertest.Request) (f partnertest.Failure) {
		if stage == partnertest.OffBlocksTokenCall && nth == n {
			come <- struct{}{}
			<-gate
		}
		return f
	}}, come, gate
}

// A hundred first requests at once have one token, by one call.
func TestOffBlocksTokenForAll(t *testing.T) {
	opts, begun, goOn := gated(1)
	p := offBlocksSetup{OffBlocks: opts}.start(t)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if res := p.ask("POST", customers, "{}"); res.StatusCode != 201 {
				t.Errorf("%d %s", res.StatusCode, res.Text)
			}
		})
	}
	take(t, begun)
	time.Sleep(200 * time.Millisecond) // for the others to wait for it, too
	close(goOn)
	all.Wait()
	p.inOrder(t)
	p.issued(t, 1)
	if p.Customers() != 100 {
		t.Errorf("%d customers", p.Customers())
	}
}

// A client that leaves while the token is fetched that it has asked for takes it
// from nobody.
func TestOffBlocksClientLeavesFetch(t *testing.T) {
	opts, begun, goOn := gated(1)
	p := offBlocksSetup{OffBlocks: opts}.start(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, "GET", p.process.URL+customers+"/first", nil)
		_, err := plainClient.Do(req)
		left <- err
	}()
	take(t, begun)
	others := make(chan answer, 3)
	for range cap(others) {
		go func() { others <- p.ask("POST", customers, "{}") }()
	}
	leave()
	if err := take(t, left); err == nil {
		t.Error("the first client was answered")
	}
	time.Sleep(200 * time.Millisecond) // for Caddy to notice
	close(goOn)
	for range cap(others) {
		if res := take(t, others); res.StatusCode != 201 {
			t.Errorf("%d %s", res.StatusCode, res.Text)
		}
	}
	p.issued(t, 1)
	p.inOrder(t)
	for _, r := range p.calls() {
		if r.Target == customers+"/first" {
			t.Error("the request of the client that left was sent")
		}
	}
}

// Tokens outlive configurations: one that is there, and one that is being fetched.
func TestOffBlocksTokenSurvivesReload(t *testing.T) {
	opts, begun, goOn := gated(1)
	p := offBlocksSetup{OffBlocks: opts}.start(t)
	first := make(chan answer, 1)
	go func() { first <- p.ask("POST", customers, "{}") }()
	take(t, begun)
	reloaded := make(chan error, 1)
	go func() { reloaded <- p.reload(p.file) }()
	time.Sleep(time.Second) // for the old configuration to end but for its request
	close(goOn)
	if res := take(t, first); res.StatusCode != 201 {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	if err := take(t, reloaded); err != nil {
		t.Fatal(err)
	}
	plainClient.CloseIdleConnections()
	p.customer()
	p.mustReload(p.file)
	p.customer()
	other := p.file
	other.Site += "respond /more 200\n"
	p.mustReload(other)
	p.customer()
	p.issued(t, 1)
	p.inOrder(t)
}

// A token is refreshed ahead of its end, beside the requests and not before them.
func TestOffBlocksTokenRefreshedAhead(t *testing.T) {
	t.Parallel() // it waits most of the time
	opts, begun, goOn := gated(2)
	opts.TokenLife = 10 * time.Second
	p := offBlocksSetup{OffBlocks: opts}.start(t)
	customer := p.customer()
	first := p.Last().Header.Get("Authorization")
	for refreshing := false; !refreshing; time.Sleep(20 * time.Millisecond) {
		p.ask("GET", customer, "").ok(t)
		select {
		case <-begun:
			refreshing = true
		default:
		}
	}
	p.ask("GET", customer, "").ok(t) // while the other token is not there yet
	if p.Last().Header.Get("Authorization") != first {
		t.Error("a request carries a token that was not given yet")
	}
	close(goOn)
	within(t, 2*time.Second, "the new token to be used", func() bool {
		p.ask("GET", customer, "").ok(t)
		return p.Last().Header.Get("Authorization") != first
	})
	p.issued(t, 2)
	p.inOrder(t)
}

// A token whose end has come while nobody asked is not sent.
func TestOffBlocksTokenExpired(t *testing.T) {
	t.Parallel()
	p := offBlocksSetup{OffBlocks: partnertest.OffBlocksOptions{TokenLife: 2 * time.Second}}.start(t)
	customer := p.customer()
	time.Sleep(2 * time.Second)
	p.ask("GET", customer, "").ok(t)
	p.issued(t, 2)
	p.inOrder(t)
}
