package caddymodule

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/partnersign/partnersign/signer"
)

// connect answers CONNECT. It returns when the tunnel has ended.
func (c *Connect) connect(w http.ResponseWriter, r *http.Request) error {
	target, problem := connectTarget(r)
	if problem != nil {
		return c.refuse(w, r, problem)
	}
	if c.partners[target.DialAddress()] {
		t, err := openTunnel(w, r, target)
		if err != nil {
			return err
		}
		defer t.Close()
		c.inside.serve(r.Context(), t)
		return nil
	}
	destination, ok := c.tunnels.find(target)
	if !ok {
		return c.refuse(w, r, DestinationRefused.Problem("this host and port are none of the partners', and no tunnel line has them"))
	}
	far, err := destination.dial(r.Context(), target)
	if err != nil {
		return c.refuse(w, r, asProblem(err))
	}
	defer far.Close()
	near, err := openTunnel(w, r, target)
	if err != nil {
		return err
	}
	defer near.Close()
	c.inside.pass(near, far)
	return nil
}

// A tunnel is the client's connection after its CONNECT was answered.
type tunnel struct {
	net.Conn
	early  io.Reader // what has come behind the CONNECT
	target signer.Upstream
	outer  *http.Request // the CONNECT

	close  sync.Once
	closed chan struct{}
}

// openTunnel tells the client that the tunnel stands.
func openTunnel(w http.ResponseWriter, r *http.Request, target signer.Upstream) (*tunnel, error) {
	conn, buffered, err := hijack(w)
	if err != nil {
		return nil, err
	}
	t := &tunnel{Conn: conn, early: earlyBytes(buffered.Reader), target: target, outer: r, closed: make(chan struct{})}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// hijack takes the connection from net/http itself: what Caddy's recorders
// would count of it they read while it may still be written to.
func hijack(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	for {
		wrapped, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return http.NewResponseController(w).Hijack()
		}
		w = wrapped.Unwrap()
	}
}

// earlyBytes are what a reader holds already.
func earlyBytes(r *bufio.Reader) io.Reader { return io.LimitReader(r, int64(r.Buffered())) }

func (t *tunnel) Read(p []byte) (int, error) {
	if t.early != nil {
		if n, err := t.early.Read(p); err == nil && n > 0 {
			return n, nil
		}
		t.early = nil
	}
	return t.Conn.Read(p)
}

// Close ends the tunnel, once.
func (t *tunnel) Close() error {
	err := net.ErrClosed
	t.close.Do(func() {
		err = t.Conn.Close()
		close(t.closed)
	})
	return err
}

// CloseWrite passes on that the far end will send no more.
func (t *tunnel) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return t.Close()
}

// tunnelKey is the key of the tunnel in the contexts of its requests.
type tunnelKey struct{}

// tunnelOf is the tunnel that a request came through, or nil.
func tunnelOf(ctx context.Context) *tunnel {
	t, _ := ctx.Value(tunnelKey{}).(*tunnel)
	return t
}

// disagrees says what in a request contradicts the CONNECT before it. A client
// that does not say in TLS whom it means contradicts nothing.
func (t *tunnel) disagrees(r *http.Request) *signer.Problem {
	host, err := signer.ParseUpstream("https://" + r.Host)
	switch {
	case r.Method == http.MethodConnect:
		return signer.InvalidRequest.Problem("there is no tunnel inside a tunnel")
	case r.TLS != nil && r.TLS.ServerName != "" && hostOf(r.TLS.ServerName) != t.target.Hostname():
		return signer.WrongHost.Problem("the name in TLS (SNI) is not the one that CONNECT asked for")
	case err != nil || host != t.target, r.URL.Scheme != "" && r.URL.Scheme != "https":
		return signer.WrongHost.Problem("the Host is not the one that CONNECT asked for")
	}
	return nil
}

// asProblem is what stopped a tunnel, for its client.
func asProblem(err error) *signer.Problem {
	var problem *signer.Problem
	if errors.As(err, &problem) {
		return problem
	}
	return DestinationUnreachable.Problem("no connection could be made; the proxy's log says why").Because(err)
}
