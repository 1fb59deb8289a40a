package partnertest

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// handshakeTime is what a client has for the TLS handshake.
const handshakeTime = 10 * time.Second

// A link is one accepted connection, below TLS: its number, and how to end it.
type link struct {
	net.Conn              // nil on HTTP/3
	id       int          // from 1
	turns    atomic.Int64 // requests begun
	forget   func() bool  // the listener need not close it any more
}

func (l *link) Close() error {
	l.forget()
	return l.Conn.Close()
}

// end ends the connection below TLS and HTTP.
func (l *link) end(how Ending) {
	if l.Conn == nil {
		return
	}
	if tcp, ok := l.Conn.(*net.TCPConn); ok && how == Reset {
		tcp.SetLinger(0)
	}
	l.Close()
}

// A listener accepts for net/http. It makes the TLS handshake itself, because
// net/http serves HTTP/2 on a *tls.Conn only, which cannot be tapped, while HTTP/1.1
// on a tapped connection needs a handshake that is done: ALPN tells which it is.
type listener struct {
	net.Listener
	partner *Partner
	tls     *tls.Config // nil without TLS
	conns   atomic.Int64
	ready   chan net.Conn
	ctx     context.Context
	cancel  context.CancelFunc
	busy    sync.WaitGroup
}

func listen(p *Partner) (*listener, error) {
	l := &listener{Listener: p.opts.Listener, partner: p, ready: make(chan net.Conn)}
	if l.Listener == nil {
		network, address := "tcp", p.opts.Address
		switch {
		case address == "":
			address = "127.0.0.1:0"
		case strings.HasPrefix(address, "/"):
			network = "unix"
		}
		var err error
		if l.Listener, err = net.Listen(network, address); err != nil {
			return nil, err
		}
	}
	if !p.opts.Plain {
		overTCP := slices.DeleteFunc(slices.Clone(p.opts.Protocols), func(s string) bool { return s == "h3" })
		l.tls = p.authority.serverTLS(overTCP)
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.busy.Go(l.run)
	return l, nil
}

// run accepts until the listener is closed. Handshakes do not wait for one another.
func (l *listener) run() {
	defer l.cancel()
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return
		}
		link := &link{Conn: accepted, id: int(l.conns.Add(1))}
		// net/http does not close what a handler has hijacked.
		link.forget = context.AfterFunc(l.ctx, func() { accepted.Close() })
		l.busy.Go(func() { l.greet(link) })
	}
}

// greet makes an accepted connection ready to be served.
func (l *listener) greet(link *link) {
	if ending := l.partner.ask(Moment{Stage: Connected, Conn: link.id}); ending != GoOn {
		link.end(ending)
		return
	}
	var ready net.Conn = &tap{Conn: link, link: link, partner: l.partner}
	if l.tls != nil {
		ctx, cancel := context.WithTimeout(l.ctx, handshakeTime)
		defer cancel()
		secure := tls.Server(link, l.tls)
		if secure.HandshakeContext(ctx) != nil {
			link.Close()
			return
		}
		state := secure.ConnectionState()
		if state.NegotiatedProtocol == "h2" {
			ready = secure
		} else {
			ready = &tap{Conn: secure, link: link, partner: l.partner, tls: &state}
		}
	}
	select {
	case l.ready <- ready:
	case <-l.ctx.Done():
		ready.Close()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.cancel()
	err := l.Listener.Close()
	l.busy.Wait()
	return err
}

type connKey struct{}

// withConn is the server's ConnContext: handlers find the *tap of HTTP/1.1, or the
// *link of HTTP/2, under connKey.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}
