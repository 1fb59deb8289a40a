package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// A conn3 is a connection of HTTP/3.
type conn3 struct {
	*quic.Conn
	id   int
	mu   sync.Mutex
	turn int
}

type conn3Key struct{}

// serveHTTP3 serves HTTP/3 on the port that TCP has.
func (p *dyingPartner) serveHTTP3(t *testing.T, config *tls.Config) {
	t.Helper()
	socket := p.listenUDP(t)
	transport := &quic.Transport{Conn: socket}
	listener, err := transport.Listen(http3.ConfigureTLSConfig(config), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := &http3.Server{
		Handler: http.HandlerFunc(p.http3),
		ConnContext: func(ctx context.Context, c *quic.Conn) context.Context {
			return context.WithValue(ctx, conn3Key{}, p.conn3(c))
		},
	}
	p.group.Go(func() {
		for {
			conn, err := listener.Accept(context.Background())
			if err != nil {
				return
			}
			if d := p.connection(); d.kind != "" {
				p.count(d.kind)
				_ = conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
				continue
			}
			p.group.Go(func() { _ = server.ServeQUICConn(conn) })
		}
	})
	p.stopHTTP3 = func() {
		_ = server.Close()
		_ = listener.Close()
		_ = transport.Close()
		_ = socket.Close()
	}
}

// listenUDP takes the port of the TCP listener, or another one for both.
func (p *dyingPartner) listenUDP(t *testing.T) *net.UDPConn {
	t.Helper()
	for {
		port := p.listener.Addr().(*net.TCPAddr).Port
		socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err == nil {
			return socket
		}
		_ = p.listener.Close()
		if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *dyingPartner) conn3(c *quic.Conn) *conn3 {
	p.openMu.Lock()
	defer p.openMu.Unlock()
	p.conns++
	return &conn3{Conn: c, id: p.conns}
}

// http3 takes one request.
func (p *dyingPartner) http3(w http.ResponseWriter, r *http.Request) {
	p.group.Add(1)
	defer p.group.Done()
	c := r.Context().Value(conn3Key{}).(*conn3)
	c.mu.Lock()
	c.turn++
	s := &sighting{conn: c.id, turn: c.turn, method: r.Method, target: r.RequestURI}
	c.mu.Unlock()
	d := p.request()
	var body []byte
	defer func() { p.take(s, r.Header, body, "") }()
	if d.kind == "head" {
		p.end3(c, w, s, d)
		return
	}
	for chunk := make([]byte, 16<<10); ; {
		n, err := r.Body.Read(chunk)
		body = append(body, chunk[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			s.death = "cut"
			return
		}
		if d.kind == "half body" && len(body) > 0 && int64(len(body)) >= r.ContentLength/2 {
			p.end3(c, w, s, d)
			return
		}
	}
	s.whole = true
	p.respond3(c, w, r, d, s, body)
}

// end3 ends the stream or the connection.
func (p *dyingPartner) end3(c *conn3, w http.ResponseWriter, s *sighting, d death) {
	p.count(d.kind)
	s.death = d.kind
	if !d.stream {
		_ = c.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
		return
	}
	reset3(w, http3.ErrCodeInternalError)
}

func reset3(w http.ResponseWriter, code http3.ErrCode) {
	stream := w.(http3.HTTPStreamer).HTTPStream()
	stream.CancelRead(quic.StreamErrorCode(code))
	stream.CancelWrite(quic.StreamErrorCode(code))
}

func (p *dyingPartner) respond3(c *conn3, w http.ResponseWriter, r *http.Request, d death, s *sighting, body []byte) {
	s.executed = d.kind != "unexecuted" && d.kind != "refused stream" && (d.status == 0 && d.kind != "hang" && d.kind != "other reset" || d.executes)
	status, text := p.app.answer(s.method, s.target, body)
	if d.status != 0 {
		status, text = d.status, `{"message":"it is us"}`
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	switch d.kind {
	case "unexecuted", "executed":
		p.end3(c, w, s, d)
	case "refused stream":
		p.count(d.kind)
		s.turnedAway, s.death = true, d.kind
		reset3(w, http3.ErrCodeRequestRejected)
	case "other reset":
		p.count(d.kind)
		s.death = d.kind
		reset3(w, http3.ErrCodeRequestCanceled)
	case "hang":
		p.count(d.kind)
		s.death = d.kind
		select {
		case <-r.Context().Done():
		case <-c.Context().Done():
		case <-time.After(10 * time.Second):
		}
	case "informational":
		w.Header().Del("Content-Length")
		w.WriteHeader(http.StatusEarlyHints)
		p.end3(c, w, s, d)
	case "half answer":
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text[:len(text)/2])
		w.(http.Flusher).Flush()
		p.end3(c, w, s, d)
	default:
		s.status, s.death = status, d.kind
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, text)
		if d.status != 0 {
			p.count(d.kind)
		}
		if d.kind == "idle" {
			p.count(d.kind)
			time.AfterFunc(d.pause, func() { _ = c.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "") })
		}
	}
}
