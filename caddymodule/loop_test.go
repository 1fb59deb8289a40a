package caddymodule

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/partnersign/partnersign/signer"
)

// A listener of Caddy's is known from when it listens on, while no app runs.
func TestRefuseLoops(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	for _, test := range []struct {
		listen, dial string // without a port: the listener's
		loops        bool
	}{
		{"tcp/127.0.0.1:0", "127.0.0.1", true},
		{"tcp/localhost:0", "127.0.0.1", true},
		{"tcp/:0", "127.0.0.1", true},
		{"tcp/:0", "localhost", true},
		{"tcp/0.0.0.0:0", "127.0.0.1", true},
		{"tcp4/127.0.0.1:0", "127.0.0.1", true},
		{"tcp/[::]:0", "127.0.0.1", true},
		{"unix/" + socket, socket, true},
		{"", "127.0.0.1", false},
	} {
		t.Run(test.listen+" "+test.dial, func(t *testing.T) {
			network, address := "tcp", test.dial
			if test.listen == "" {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				address = l.Addr().String()
			} else if port := listen(t, test.listen); port != "" {
				address = net.JoinHostPort(test.dial, port)
			} else {
				network = "unix"
			}
			transport := &http.Transport{DialContext: new(net.Dialer).DialContext}
			refuseLoops(transport)
			conn, err := transport.DialContext(t.Context(), network, address)
			if conn != nil {
				conn.Close()
			}
			var problem *signer.Problem
			if loops := errors.As(err, &problem) && problem.Name == signer.LoopDetected.Name; loops != test.loops || !loops && err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// listen listens as Caddy does and returns the port, which is not 0: two
// listeners of port 0 would be one to Caddy.
func listen(t *testing.T, address string) (port string) {
	t.Helper()
	a, err := caddy.ParseNetworkAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	if !a.IsUnixNetwork() {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		a.StartPort = uint(free.Addr().(*net.TCPAddr).Port)
		a.EndPort = a.StartPort
		_, port, _ = net.SplitHostPort(free.Addr().String())
		free.Close()
	}
	l, err := a.Listen(context.Background(), 0, net.ListenConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.(net.Listener).Close() })
	return port
}
