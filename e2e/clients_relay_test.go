package e2e

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A relay stands between one client and Caddy, where there is no TLS, and sees
// whether the body that is announced by Expect comes before 100 (RFC 9110, section
// 10.1.1) is let through to the client.
type relay struct {
	net.Listener
	caddy    string
	patience time.Duration // how long 100 is held back, unless the body comes

	mu    sync.Mutex
	early map[string]bool // by the last segment of the path
}

func startRelay(t *testing.T, caddy string, waits bool) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &relay{Listener: l, caddy: caddy, patience: 10 * time.Second, early: map[string]bool{}}
	if waits {
		r.patience = 50 * time.Millisecond // the more, the surer that it would be seen
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(conn)
		}
	}()
	return r
}

// sentEarly says whether the body came before its 100, and whether there was one.
func (r *relay) sentEarly(name string) (early, seen bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	early, seen = r.early[name]
	return early, seen
}

func (r *relay) serve(client net.Conn) {
	defer client.Close()
	caddy, err := net.Dial("tcp", r.caddy)
	if err != nil {
		return
	}
	defer caddy.Close()
	request := new(pending)
	go func() {
		_, _ = io.Copy(io.MultiWriter(request, caddy), client)
		_ = caddy.(*net.TCPConn).CloseWrite()
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := caddy.Read(buffer)
		answer := buffer[:n]
		if bytes.HasPrefix(answer, []byte("HTTP/1.1 100 ")) {
			r.hold(request)
			_, answer, _ = bytes.Cut(answer, []byte("\r\n\r\n"))
		}
		if len(answer) > 0 {
			request.reset()
		}
		if _, failed := client.Write(buffer[:n]); failed != nil || err != nil {
			return
		}
	}
}

// hold returns when the body has begun to come, or patience is at its end.
func (r *relay) hold(request *pending) {
	deadline := time.Now().Add(r.patience)
	head, body := request.parts()
	for len(body) == 0 && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
		head, body = request.parts()
	}
	target, _, _ := strings.Cut(strings.TrimPrefix(head, "POST "), " ")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.early[target[strings.LastIndexByte(target, '/')+1:]] = len(body) > 0
}

// pending is what the client has sent since the last answer.
type pending struct {
	mu    sync.Mutex
	bytes []byte
}

func (p *pending) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes = append(p.bytes, b...)
	return len(b), nil
}

func (p *pending) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes = nil
}

func (p *pending) parts() (head, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	head, body, _ = strings.Cut(string(p.bytes), "\r\n\r\n")
	return head, body
}
