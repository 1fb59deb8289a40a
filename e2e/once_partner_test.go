package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/http2"
)

// A dyingPartner breaks whatever it is asked for in every way that a partner
// can, and remembers what came.
type dyingPartner struct {
	URL string
	identity
	*planner
	*record
	app app

	listener  net.Listener
	group     sync.WaitGroup
	openMu    sync.Mutex
	open      map[*mortal]bool
	conns     int
	stopHTTP3 func()
}

// newDyingPartner speaks HTTP/1.1 and HTTP/2, whatever a connection begins with;
// over TLS the protocol that is named, and in clear if there is none.
func newDyingPartner(t *testing.T, plan *planner, rec *record, protocol string) *dyingPartner {
	t.Helper()
	p := &dyingPartner{planner: plan, record: rec, identity: newIdentity(t, "127.0.0.1"), open: map[*mortal]bool{}}
	var err error
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	scheme, config := "http://", (*tls.Config)(nil)
	if protocol != "" {
		scheme, config = "https://", &tls.Config{Certificates: []tls.Certificate{p.Certificate}, NextProtos: []string{protocol}}
	}
	if protocol == "h3" {
		p.serveHTTP3(t, config)
		config = &tls.Config{Certificates: []tls.Certificate{p.Certificate}}
	}
	p.URL = scheme + p.listener.Addr().String()
	p.group.Go(func() {
		for {
			tcp, err := p.listener.Accept()
			if err != nil {
				return
			}
			p.group.Go(func() { p.serve(tcp.(*net.TCPConn), config) })
		}
	})
	t.Cleanup(p.end)
	return p
}

// end ends all connections and waits until everything is on record.
func (p *dyingPartner) end() {
	_ = p.listener.Close()
	if p.stopHTTP3 != nil {
		p.stopHTTP3()
	}
	p.openMu.Lock()
	for c := range p.open {
		_ = c.tcp.Close()
	}
	p.openMu.Unlock()
	p.group.Wait()
}

func (p *dyingPartner) serve(tcp *net.TCPConn, config *tls.Config) {
	defer tcp.Close()
	p.openMu.Lock()
	p.conns++
	c := &mortal{Conn: tcp, tcp: tcp, id: p.conns}
	p.open[c] = true
	p.openMu.Unlock()
	defer func() {
		p.openMu.Lock()
		defer p.openMu.Unlock()
		delete(p.open, c)
	}()
	d := p.connection()
	if d.kind == "accepted" {
		p.count(d.kind)
		c.die(d.reset)
		if config == nil && len(c.buf) > 0 {
			p.reveal(c)
		}
		return
	}
	if config != nil {
		secured := tls.Server(tcp, config)
		if secured.Handshake() != nil {
			return
		}
		c.Conn = secured
	}
	if d.kind == "greeted" {
		p.count(d.kind)
		c.die(d.reset)
		if len(c.buf) > 0 {
			p.reveal(c)
		}
		return
	}
	if c.fill() != nil {
		return
	}
	for len(c.buf) < 3 && c.fill() == nil {
	}
	if !strings.HasPrefix(string(c.buf), "PRI") {
		p.http1(c)
		return
	}
	reader := bufio.NewReader(io.MultiReader(bytes.NewReader(c.buf), c.Conn))
	if _, err := io.ReadFull(reader, make([]byte, len(http2.ClientPreface))); err == nil {
		p.http2(c, reader)
	}
}

// reveal enters what came on a connection that was dead already.
func (p *dyingPartner) reveal(c *mortal) {
	if !strings.HasPrefix(string(c.buf), "PRI") {
		c.seen(p, &sighting{conn: c.id, turn: 1})
		return
	}
	if len(c.buf) > len(http2.ClientPreface) {
		(&session2{p: p, c: c, dead: true}).read(bytes.NewReader(c.buf[len(http2.ClientPreface):]), io.Discard)
	}
}

// set changes a sighting that is on record.
func (p *dyingPartner) set(_ *sighting, change func()) {
	p.record.mu.Lock()
	defer p.record.mu.Unlock()
	change()
}

// An app is the part of a partner that is alive.
type app struct{}

// answer is what a call is answered with when nothing goes wrong.
func (a *app) answer(method, target string, _ []byte) (status int, text string) {
	path, _, _ := strings.Cut(target, "?")
	parts := strings.Split(path, "/")
	switch last := parts[len(parts)-1]; {
	case path == "/auth/action/init":
		return 200, fmt.Sprintf(`{"challenge":%q,"challengeIdentifier":%q,"allowCredentials":{"key":[{"id":"cr-1"}]}}`, uuid.NewString(), uuid.NewString())
	case path == "/auth/action":
		return 200, fmt.Sprintf(`{"userAction":%q}`, uuid.NewString())
	case path == "/v1/auth/token":
		return 200, fmt.Sprintf(`{"token":%q,"expiresAt":%d}`, uuid.NewString(), time.Now().Add(time.Hour).Unix())
	case last == "source" && method == "POST":
		token := "dft_" + uuid.NewString()
		expires := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		return 200, fmt.Sprintf(`{"target":%q,"sessionToken":%q,"sessionExpiresAt":%q,"flow":{"id":%q}}`, target, token, expires, parts[len(parts)-2])
	}
	return 200, fmt.Sprintf(`{"target":%q}`, target)
}
