package caddymodule_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// listeningTo is a partner that keeps what it gets, byte for byte, and answers
// once it has the end of it.
func listeningTo(t *testing.T) (url string, got <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	requests := make(chan string, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var request []byte
			for !isWhole(request) {
				buf := make([]byte, 4096)
				n, err := conn.Read(buf)
				if request = append(request, buf[:n]...); err != nil {
					break
				}
			}
			requests <- string(request)
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			conn.Close()
		}
	}()
	return "http://" + listener.Addr().String(), requests
}

// isWhole reports whether a request has come whose body, if any, ends in "end".
func isWhole(request []byte) bool {
	head, body, ok := bytes.Cut(request, []byte("\r\n\r\n"))
	switch {
	case bytes.Contains(head, []byte("Transfer-Encoding: chunked")):
		return bytes.HasSuffix(body, []byte("0\r\n\r\n"))
	case bytes.Contains(head, []byte("Content-Length: ")) && !bytes.Contains(head, []byte("Content-Length: 0")):
		return bytes.HasSuffix(body, []byte("end"))
	}
	return ok
}

// clientRequests are requests of clients, byte for byte.
var clientRequests = map[string]string{
	"plain":              "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"query":              "GET /a%2Fb//c?x=%zz&a;b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: client\r\n\r\n",
	"question mark":      "GET /a? HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"absolute form":      "GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"connection headers": "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: X-Hop, keep-alive\r\nX-Hop: a\r\nKeep-Alive: 5\r\nTe: trailers, deflate\r\nProxy-Connection: a\r\nProxy-Authorization: Basic YTpi\r\n\r\n",
	"forwarded":          "GET /a HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nVia: 1.1 client\r\nX-Forwarded-Host: a\r\nCookie: a=b\r\nAuthorization: Bearer client\r\n\r\n",
	"HTTP/1.0":           "GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n",
	"no body":            "POST /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"empty body":         "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
	"empty chunked body": "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"body":               "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nend",
	"chunked body":       "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n",
	"body of GET":        "GET /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nend",
	"DELETE":             "DELETE /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	"trailers":           "POST /a HTTP/1.1\r\nHost: localhost\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\nX-Sum: 1\r\n\r\n",
	"more trailers":      "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\nX-Sum: 1\r\n\r\n",
}

// The partner sees no difference between the two ways either.
func TestDirectRequestIsLikeReverseProxys(t *testing.T) {
	got := make(map[string]string) // past reverse_proxy or through it
	for name, request := range clientRequests {
		bothWays(t, func(t *testing.T, partner func(string) string) {
			url, requests := listeningTo(t)
			server := serve(t, site(partner(url)))
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(conn, request)
			answer := make([]byte, 12)
			_, _ = io.ReadFull(conn, answer)
			seen := ""
			if strings.HasSuffix(string(answer), " 204") {
				seen = strings.ReplaceAll(<-requests, strings.TrimPrefix(url, "http://"), "partner")
			}
			seen += "answered " + string(answer)
			if other, ok := got[name]; ok && other != seen {
				t.Errorf("%s: one way\n%s\nand the other\n%s", name, other, seen)
			}
			got[name] = seen
		})
	}
	for name, want := range map[string]string{
		"plain":    "GET /a HTTP/1.1\r\nHost: partner\r\nUser-Agent: partnersign\r\nAccept-Encoding: identity\r\nAuthorization: Bearer sk_live_1\r\nConnection: close\r\n\r\nanswered HTTP/1.1 204",
		"trailers": "answered HTTP/1.1 400",
	} {
		if got[name] != want {
			t.Errorf("%s: the partner has got\n%s", name, got[name])
		}
	}
}
