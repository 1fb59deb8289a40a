package caddymodule

import (
	"context"
	"net"
	"reflect"
)

// A peer is the process at the other end of a unix socket, as it was when it
// connected.
type peer struct {
	uid  uint32
	gids []uint32 // the effective one and the supplementary ones
}

// peerKey is the key of the *peer in the contexts of connections.
type peerKey struct{}

// notePeer keeps who is at the other end of a connection. Each guard of a
// server has it called.
func notePeer(ctx context.Context, conn net.Conn) context.Context {
	if ctx.Value(peerKey{}) != nil {
		return ctx
	}
	socket := unixSocket(conn)
	if socket == nil {
		return ctx
	}
	p, err := peerOf(socket)
	if err != nil { // requests without a peer are refused
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, p)
}

// unixSocket is what carries a connection, or nil where that is no unix socket.
// Wrappers that do not tell what they wrap embed it, as Caddy's own do where
// only one version of HTTP is served.
func unixSocket(conn net.Conn) *net.UnixConn {
	for conn != nil {
		if socket, ok := conn.(*net.UnixConn); ok {
			return socket
		}
		if wrapper, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
			conn = wrapper.NetConn()
			continue
		}
		wrapper := reflect.Indirect(reflect.ValueOf(conn))
		if wrapper.Kind() != reflect.Struct {
			return nil
		}
		embedded := wrapper.FieldByName("Conn")
		if !embedded.IsValid() || !embedded.CanInterface() {
			return nil
		}
		conn, _ = embedded.Interface().(net.Conn)
	}
	return nil
}
