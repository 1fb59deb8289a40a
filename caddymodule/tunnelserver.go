package caddymodule

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// A tunnelServer serves what is inside the tunnels of a Connect: the requests
// of partners' tunnels go to Caddy's server that the CONNECT came to.
type tunnelServer struct {
	connect *Connect
	site    *caddyhttp.Server
	server  func() *http.Server // made on use: Caddy sets time-outs after handlers are provisioned
	passing sync.RWMutex        // held for reading by untouched tunnels
	ending  atomic.Bool
	cut     chan struct{} // closed: untouched tunnels end
}

func newTunnelServer(c *Connect, site *caddyhttp.Server) *tunnelServer {
	s := &tunnelServer{connect: c, site: site, cut: make(chan struct{})}
	s.server = sync.OnceValue(func() *http.Server {
		return &http.Server{
			Handler:           http.HandlerFunc(s.serveRequest),
			ReadTimeout:       time.Duration(site.ReadTimeout),
			ReadHeaderTimeout: time.Duration(site.ReadHeaderTimeout),
			WriteTimeout:      time.Duration(site.WriteTimeout),
			IdleTimeout:       time.Duration(site.IdleTimeout),
			MaxHeaderBytes:    site.MaxHeaderBytes,
			ErrorLog:          log.New(serverLog{c.report.log}, "", 0),
			ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
				return context.WithValue(ctx, tunnelKey{}, conn.(*tls.Conn).NetConn())
			},
		}
	})
	return s
}

// serve ends TLS and serves the requests of a tunnel until it is closed.
func (s *tunnelServer) serve(ctx context.Context, t *tunnel) {
	conn := tls.Server(t, &tls.Config{
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.connect.certificates.get(hello.Context(), t.target.Hostname())
		},
	})
	handshake, cancel := context.WithTimeout(ctx, s.server().ReadHeaderTimeout)
	defer cancel()
	if err := conn.HandshakeContext(handshake); err != nil {
		s.connect.report.log.Warn("TLS in a tunnel failed; the application must trust the root of Caddy's CA",
			zap.String("target", t.target.Authority), zap.String("remote", t.RemoteAddr().String()), zap.Error(err))
		return
	}
	if s.server().Serve(&oneConn{conn: conn}) == http.ErrServerClosed {
		return
	}
	<-t.closed
}

// serveRequest hands a request to the site if it agrees with its tunnel.
func (s *tunnelServer) serveRequest(w http.ResponseWriter, r *http.Request) {
	if problem := tunnelOf(r.Context()).disagrees(r); problem != nil {
		_ = s.connect.refuse(w, r, problem)
		return
	}
	s.site.ServeHTTP(w, r)
}

// endings are the servers that let their last requests finish. They outlive
// their configuration, so a process that exits waits for those of earlier ones.
var endings sync.Map

// stop ends all tunnels within the grace period, which ctx ends.
func (s *tunnelServer) stop(ctx context.Context) error {
	grace, cancel := context.WithCancel(context.Background())
	if deadline, ok := ctx.Deadline(); ok { // on a reload ctx may be cancelled before it
		grace, cancel = context.WithDeadline(context.Background(), deadline)
	}
	done := make(chan struct{})
	endings.Store(done, nil)
	go func() {
		defer cancel()
		s.end(grace)
		endings.Delete(done)
		close(done)
	}()
	if !caddy.Exiting() {
		return nil
	}
	endings.Range(func(done, _ any) bool {
		select {
		case <-done.(chan struct{}):
			return true
		case <-ctx.Done():
			return false
		}
	})
	return nil
}

// end lets requests finish, and untouched tunnels until they are silent.
func (s *tunnelServer) end(grace context.Context) {
	s.ending.Store(true)
	_ = s.server().Shutdown(grace)
	context.AfterFunc(grace, func() { close(s.cut) })
	s.passing.Lock() // and keep it: nothing passes any more
	_ = s.server().Close()
}

// oneConn is a listener that has had one connection.
type oneConn struct{ conn net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if conn := l.conn; conn != nil {
		l.conn = nil
		return conn, nil
	}
	return nil, io.EOF
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// serverLog keeps net/http's messages at debug level, as Caddy does, but for
// panics of handlers.
type serverLog struct{ *zap.Logger }

func (l serverLog) Write(p []byte) (int, error) {
	text := string(bytes.TrimSpace(p))
	if bytes.HasPrefix(p, []byte("http: panic serving")) {
		l.Error(text)
	} else {
		l.Debug(text)
	}
	return len(p), nil
}
