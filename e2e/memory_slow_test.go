package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

func startSlow(t *testing.T) (*partnertest.Partner, *process) {
	t.Helper()
	partner := newAcme(t, partnertest.Options{Protocols: []string{"http/1.1"}, Answer: func(_ http.ResponseWriter, _ *http.Request, _ *partnertest.Request, verdict partnertest.Verdict) bool {
		return verdict.OK // and not what arrived, as the answer
	}})
	return partner, startCaddy(t, siteFile(t, block(partner, fmt.Sprintf("%s\ntimeout %s", acme, slowTimeout)), partner))
}

// begins opens connections that announce 10 MiB each and send this much of it.
func (p *process) begins(n, send int) (conns []net.Conn) {
	for range n {
		conn := p.dial()
		fmt.Fprintf(conn, "POST /v1/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", crowdBody, strings.Repeat("s", send))
		conns = append(conns, conn)
	}
	return conns
}

// Clients that announce large bodies and send nothing of them hold next to
// nothing: another client's body finds room.
func TestMemoryOfSilentSenders(t *testing.T) {
	const silent = 50
	partner, caddy := startSlow(t)
	conns := caddy.begins(silent, 0)
	waitFor(t, "all to be waited for", func() bool { return caddy.metric("partnersign_body_memory_bytes") == silent*4<<10 })
	caddy.send("POST", "/v1/other", strings.NewReader(crowdBytes())).ok(t)
	only(t, partner, 1)
	for _, conn := range conns {
		conn.Close()
	}
	caddy.memoryReturned(t)
}

// Those that stop in the middle, or go on by single bytes, hold what they have
// announced, so that others are refused; but not for longer than timeout.
func TestMemoryOfSlowSenders(t *testing.T) {
	partner, caddy := startSlow(t)
	begin := time.Now()
	slow := caddy.begins(6, 64<<10)
	waitFor(t, "the memory to be taken", func() bool { return caddy.metric("partnersign_body_memory_bytes") == 6*crowdBody })
	for _, conn := range slow[:3] {
		go func() {
			for err := error(nil); err == nil; time.Sleep(50 * time.Millisecond) {
				_, err = io.WriteString(conn, "s")
			}
		}()
	}
	for _, s := range []*sender{{number: 1}, {number: 2, chunked: true}} {
		s.conn = caddy.dial()
		s.run()
		if s.err != nil || s.status != 503 || s.kind != "memory-exhausted" || s.took > slowTimeout {
			t.Errorf("another client: %d %s after %s, %v", s.status, s.kind, s.took, s.err)
		}
	}
	caddy.send("POST", "/v1/small", strings.NewReader("{}")).ok(t)
	for _, conn := range slow {
		s := &sender{conn: conn}
		if s.read(begin); s.err != nil || s.status != 504 || s.kind != "too-slow" {
			t.Errorf("a slow client: %d %s, %v", s.status, s.kind, s.err)
		}
	}
	caddy.memoryReturned(t)
	held := time.Since(begin)
	t.Logf("the memory was held for %s with a timeout of %s", held.Round(10*time.Millisecond), slowTimeout)
	if held > slowTimeout+soon {
		t.Error("that is too long")
	}
	caddy.send("POST", "/v1/other", strings.NewReader(crowdBytes())).ok(t)
	only(t, partner, 2)
}
