package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// The calls of a challenge go over the connection of the write, and it stays
// open for the next.
func TestDfnsConnectionsShared(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		p := dfnsSetup{App: true, Dfns: partnertest.DfnsOptions{Options: partnertest.Options{Protocols: []string{protocol}}}}.start(t)
		for range 5 {
			p.wallet()
		}
		requests := p.Requests()
		for i, r := range requests {
			if r.Conn != requests[0].Conn || r.Turn != i+1 {
				t.Errorf("%s: request %d is number %d of connection %d", protocol, i+1, r.Turn, r.Conn)
			}
		}
		if len(requests) != 15 {
			t.Errorf("%d requests", len(requests))
		}
	}
}

// Challenges do not wait for each other: many writes take as long as one.
func TestDfnsChallengesConcurrent(t *testing.T) {
	const writes, delay = 20, 300 * time.Millisecond
	for _, protocol := range []string{"http/1.1", "h2"} {
		p := dfnsSetup{App: true, Dfns: partnertest.DfnsOptions{
			Options: partnertest.Options{Protocols: []string{protocol}},
			Fail:    slow(partnertest.DfnsInitCall, delay.String()),
		}}.start(t)
		p.wallet()
		begin := time.Now()
		var group sync.WaitGroup
		for range writes {
			group.Go(func() {
				if res, err := http.Post(p.URL+"/wallets", "application/json", strings.NewReader(`{"network":"Bitcoin"}`)); err != nil || res.StatusCode != 200 {
					t.Errorf("%v %v", res, err)
				} else {
					res.Body.Close()
				}
			})
		}
		group.Wait()
		took, conns := time.Since(begin), map[int]bool{}
		for _, r := range p.Requests() {
			conns[r.Conn] = true
		}
		t.Logf("%s: %d writes took %v over %d connections", protocol, writes, took.Round(time.Millisecond), len(conns))
		if took > writes*delay/3 || len(conns) > writes+1 || protocol == "h2" && len(conns) != 1 {
			t.Errorf("%s: %v over %d connections", protocol, took, len(conns))
		}
		p.inOrder(t)
	}
}

// Informational answers to the calls of a challenge are not the client's. Those
// to its own call are.
func TestDfnsInformationalAnswers(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		p := dfnsSetup{Dfns: partnertest.DfnsOptions{Options: partnertest.Options{
			Protocols: []string{protocol},
			Answer: func(w http.ResponseWriter, _ *http.Request, seen *partnertest.Request, _ partnertest.Verdict) bool {
				w.Header().Set("Link", fmt.Sprintf("<%s>; rel=preload", seen.Target))
				w.WriteHeader(http.StatusEarlyHints)
				w.Header().Del("Link")
				return false
			},
		}}}.start(t)
		const body = `{"network":"Bitcoin"}`
		got := p.raw(fmt.Sprintf("POST /wallets HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			strings.TrimPrefix(p.URL, "http://"), len(body), body), 10*time.Second)
		if strings.Contains(got, "/auth/action") || strings.Count(got, "HTTP/1.1 103") != 1 || !strings.Contains(got, "Link: </wallets>") || !strings.Contains(got, "HTTP/1.1 200") {
			t.Errorf("%s: the client got\n%s", protocol, got)
		}
		p.saw(t, signed("POST /wallets")...)
		p.inOrder(t)
	}
}
