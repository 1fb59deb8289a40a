package e2e

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// Many applications at once, each with tunnels of its own.
func TestConnectManyAtOnce(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startForward(t, connects("", namedBlock(t, partner, "127.0.0.1", acme)), partner)
	const clients, each = 20, 10
	var all sync.WaitGroup
	var failed atomic.Int32
	for i := range clients {
		client := caddy.client(t)
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = i%2 == 0
		all.Go(func() {
			for range each {
				res, err := client.Post(named(partner)+"/v1", "application/json", strings.NewReader("{}"))
				if err != nil || res.StatusCode != 200 {
					t.Logf("%v %v", res, err)
					failed.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	all.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d requests failed", failed.Load())
	}
	only(t, partner, clients*each)
}

// slowPartner is a partner that answers when it is told to.
func slowPartner(t *testing.T) (partner *partnertest.Partner, asked, finish chan struct{}) {
	asked, finish = make(chan struct{}, 1), make(chan struct{})
	partner = newAcme(t, partnertest.Options{Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		if r.URL.Path != "/slow" {
			return false
		}
		asked <- struct{}{}
		select {
		case <-finish:
		case <-time.After(20 * time.Second):
		}
		return false
	}})
	return partner, asked, finish
}

// A reload lets requests inside a tunnel finish and then ends it; the next
// tunnel finds the new configuration. A process that is told to exit waits.
func TestConnectReload(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		for _, end := range []string{"reload", "exit", "reload and exit"} {
			t.Run(protocol+" "+end, func(t *testing.T) {
				partner, asked, finish := slowPartner(t)
				caddy := startForward(t, connects("", namedBlock(t, partner, "127.0.0.1", acme)), partner)
				client := caddy.client(t)
				client.Transport.(*http.Transport).ForceAttemptHTTP2 = protocol == "HTTP/2.0"
				answered := make(chan string, 1)
				go func() {
					res, err := client.Get(named(partner) + "/slow")
					if err != nil {
						answered <- err.Error()
						return
					}
					res.Body.Close()
					answered <- res.Proto + " " + res.Status
				}()
				take(t, asked)
				if end != "exit" {
					if err := caddy.reload(caddy.file(t, connects("", namedBlock(t, partner, "127.0.0.1", acme+"\nheader X-New yes")), partner)); err != nil {
						t.Fatal(err)
					}
				}
				if end != "reload" {
					_ = caddy.cmd.Process.Signal(syscall.SIGTERM)
				}
				time.Sleep(300 * time.Millisecond)
				select {
				case early := <-answered:
					t.Fatalf("before the partner's answer: %s", early)
				default:
				}
				close(finish)
				if got := take(t, answered); got != protocol+" 200 OK" {
					t.Errorf("answered %s", got)
				}
				if end != "reload" {
					return
				}
				partner.Reset()
				waitFor(t, "the old tunnel to end", func() bool {
					res, err := client.Get(named(partner) + "/v1")
					if err == nil {
						res.Body.Close()
					}
					return partner.Last() != nil && partner.Last().Header.Get("X-New") == "yes"
				})
			})
		}
	}
}
