package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

func TestConnectWebsocket(t *testing.T) {
	ended := make(chan error, 1)
	partner := partnertest.New(t, partnertest.Options{
		Protocols: []string{"http/1.1"}, Require: signOnlyRequire(keyOf(t, "ed25519")),
		Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
			conn, buffered, err := w.(http.Hijacker).Hijack()
			if err == nil {
				err = echoWebsocket(conn, buffered, r.Header.Get("Sec-WebSocket-Key"))
			}
			ended <- err
			return true
		},
	})
	caddy := startForward(t, connects("", namedBlock(t, partner, "127.0.0.1", signOnly)), partner)
	target := strings.TrimPrefix(named(partner), "https://")
	conn, _ := caddy.ask(t, target)
	var inside net.Conn = caddy.tls(t, conn, partnerName, partnerName)
	fmt.Fprintf(inside, "GET /v1/stream HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", target)
	read := bufio.NewReader(inside)
	res, err := http.ReadResponse(read, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatalf("%v %v", res, err)
	}
	for _, text := range []string{"hello", strings.Repeat("long ", 10_000)} {
		if err := writeFrame(inside, 1, text, true); err != nil {
			t.Fatal(err)
		}
		if opcode, got, err := readFrame(read); err != nil || opcode != 1 || got != "echo: "+text {
			t.Fatalf("heard %d %.100q, %v", opcode, got, err)
		}
	}
	inside.(*tls.Conn).Close()
	if err := take(t, ended); err != nil {
		t.Error(err)
	}
	only(t, partner, 1)
}
