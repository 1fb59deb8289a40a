package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// Tunnels that say nothing end with their configuration, at once; those that
// are passed on untouched when they fall silent, and at the latest when the
// grace period is over.
func TestConnectEndsWithConfiguration(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	go func() {
		for {
			conn, err := far.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn) }()
		}
	}()
	partner := newAcme(t, partnertest.Options{})
	site := connects("tunnel "+far.Addr().String(), namedBlock(t, partner, "127.0.0.1", acme))
	caddy := startForward(t, site, partner)
	target := strings.TrimPrefix(named(partner), "https://")
	conn, _ := caddy.ask(t, target)
	idle := caddy.tls(t, conn, partnerName, partnerName)
	fmt.Fprintf(idle, "GET /v1 HTTP/1.1\r\nHost: %s\r\n\r\n", target)
	read := bufio.NewReader(idle)
	res, err := http.ReadResponse(read, nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%v %v", res, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	silent, _ := caddy.ask(t, far.Addr().String())
	talking, _ := caddy.ask(t, far.Addr().String())
	talks := make(chan time.Duration, 1)
	start := time.Now()
	if err := caddy.reload(caddy.file(t, site+"\n# anew", partner)); err != nil {
		t.Fatal(err)
	}
	go func() {
		for echo := make([]byte, 1); ; time.Sleep(50 * time.Millisecond) {
			if _, err := talking.Write(echo); err != nil {
				break
			}
			if _, err := io.ReadFull(talking, echo); err != nil {
				break
			}
		}
		talks <- time.Since(start)
	}()
	ends := func(conn net.Conn, read io.Reader) time.Duration {
		_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
		_, _ = io.Copy(io.Discard, read)
		return time.Since(start)
	}
	if took := ends(idle, read); took > 3*time.Second {
		t.Errorf("an idle tunnel ended after %s", took)
	}
	if took := ends(silent, silent); took > 5*time.Second {
		t.Errorf("an untouched, silent tunnel ended after %s", took)
	}
	if took := take(t, talks); took < 4*time.Second || took > 8*time.Second {
		t.Errorf("an untouched tunnel in use ended after %s, and the grace period is 5s", took)
	}
}

// Clients that open a tunnel and do not go on are given up.
func TestConnectTimesOut(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	partner := newAcme(t, partnertest.Options{})
	caddy := new(forward)
	*caddy = forward{Proxy: "http://127.0.0.1:" + freePort(t)}
	file := caddy.file(t, connects("tunnel "+far.Addr().String(), namedBlock(t, partner, "127.0.0.1", acme)), partner)
	file.Options += "\n\tservers {\n\t\ttimeouts {\n\t\t\tread_header 1s\n\t\t\tidle 2s\n\t\t}\n\t}"
	caddy.process = startCaddy(t, file)
	caddy.waitFor(strings.TrimPrefix(caddy.Proxy, "http://127.0.0.1:"))
	target := strings.TrimPrefix(named(partner), "https://")
	for name, prepare := range map[string]func(net.Conn) net.Conn{
		"no TLS": func(conn net.Conn) net.Conn { return conn },
		"half a handshake": func(conn net.Conn) net.Conn {
			_, _ = conn.Write([]byte{22, 3, 1, 1, 0})
			return conn
		},
		"half a head": func(conn net.Conn) net.Conn {
			inside := caddy.tls(t, conn, partnerName, partnerName)
			fmt.Fprint(inside, "GET / HTTP/1.1\r\nHost: ")
			return inside
		},
		"idle after a request": func(conn net.Conn) net.Conn {
			inside := caddy.tls(t, conn, partnerName, partnerName)
			fmt.Fprintf(inside, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", target)
			return inside
		},
		"untouched": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := target
			if prepare == nil {
				to, prepare = far.Addr().String(), func(conn net.Conn) net.Conn { return conn }
			}
			conn, got := caddy.ask(t, to)
			got.ok(t)
			inside := prepare(conn)
			start := time.Now()
			if _, err := io.Copy(io.Discard, inside); err != nil && time.Since(start) > 8*time.Second {
				t.Errorf("%v", err)
			}
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("it lived for %s", took)
			}
		})
	}
}
