package caddymodule

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/partnersign/partnersign/signer"
)

// A dialContext makes a connection, as [net.Dialer.DialContext] does.
type dialContext func(ctx context.Context, network, address string) (net.Conn, error)

// refuseLoops has t give up connections to listeners of this process before
// anything is written to them. Where a partner's name is overridden so that
// its clients come here, the upstream's own dial would come here, too.
func refuseLoops(t *http.Transport) {
	t.DialContext = refuseLoop(t.DialContext)
	if t.DialTLSContext != nil {
		t.DialTLSContext = refuseLoop(t.DialTLSContext)
	}
}

func refuseLoop(dial dialContext) dialContext {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil || !leadsHere(conn) {
			return conn, err
		}
		_ = conn.Close()
		return nil, signer.LoopDetected.Problem("the name to connect to has an address of this proxy itself, and nothing was sent; where names are overridden, resolvers in transport http finds the real address")
	}
}

// leadsHere reports whether conn ends at a listener of this process. It is
// asked for every connection, because listeners change with reloads.
func leadsHere(conn net.Conn) bool {
	remote := conn.RemoteAddr()
	to, err := netip.ParseAddrPort(remote.String())
	if err != nil { // a unix socket
		return caddy.ListenerUsage(remote.Network(), remote.String()) > 0 || isServed(conn)
	}
	port := strconv.Itoa(int(to.Port()))
	for _, network := range []string{"tcp", "tcp4", "tcp6"} {
		for _, host := range listeningFor(to.Addr().Unmap()) {
			if caddy.ListenerUsage(network, net.JoinHostPort(host, port)) > 0 {
				return true
			}
		}
	}
	return isServed(conn)
}

// listeningFor are the hosts under which Caddy may listen at an address.
func listeningFor(addr netip.Addr) []string {
	hosts := []string{addr.String()}
	if isHere(addr) {
		hosts = append(hosts, "", "0.0.0.0", "::")
	}
	if addr.IsLoopback() {
		hosts = append(hosts, "localhost")
	}
	return hosts
}

// isServed reports whether conn ends at a listener of the running HTTP app that
// Caddy knows by another name: a host name, a file descriptor or port 0. While
// Caddy starts, no app is running.
func isServed(conn net.Conn) bool {
	app, err := caddy.ActiveContext().AppIfConfigured("http")
	if err != nil {
		return false
	}
	for _, server := range app.(*caddyhttp.App).Servers {
		if slices.ContainsFunc(server.Listeners(), func(l net.Listener) bool { return endsAt(conn, l.Addr()) }) {
			return true
		}
	}
	return false
}

// endsAt reports whether conn ends at a listener's address.
func endsAt(conn net.Conn, listener net.Addr) bool {
	remote := conn.RemoteAddr()
	to, err := netip.ParseAddrPort(remote.String())
	if err != nil { // a unix socket
		return remote.Network() == listener.Network() && remote.String() == listener.String()
	}
	at, err := netip.ParseAddrPort(listener.String())
	if err != nil || to.Port() != at.Port() {
		return false
	}
	return to.Addr().Unmap() == at.Addr().Unmap() || at.Addr().IsUnspecified() && isHere(to.Addr().Unmap())
}

// isHere reports whether an address is one of this machine's.
func isHere(addr netip.Addr) bool {
	if addr.IsLoopback() {
		return true
	}
	own, _ := net.InterfaceAddrs() // unknown ones are somebody else's
	return slices.ContainsFunc(own, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr().Unmap() == addr.WithZone("")
	})
}
