package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A client that leaves half way, or says that there is no more, leaves nothing
// behind, and the partner does not see its request.
func TestHazardClientLeaves(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{})
	for _, head := range []string{"Content-Length: 1000", "Transfer-Encoding: chunked"} {
		for _, leave := range []func(*net.TCPConn) error{(*net.TCPConn).Close, (*net.TCPConn).CloseWrite} {
			conn := caddy.dial()
			fmt.Fprintf(conn, "POST /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n\r\n64\r\n%s", head, strings.Repeat("x", 50))
			if err := leave(conn.(*net.TCPConn)); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, conn)
		}
	}
	waitFor(t, "all requests to end", func() bool { return caddy.metric("caddy_http_requests_in_flight") == 0 })
	caddy.memoryReturned(t)
	caddy.send("GET", "/v1/after", nil).ok(t)
	if seen := only(t, partner, 1)[0]; seen.Target != "/v1/after" {
		t.Errorf("the partner saw %s %s", seen.Method, seen.Target)
	}
}

// What Go and its HTTP client would add or compress is pinned before it is signed.
func TestHazardCompression(t *testing.T) {
	require := acmeRequire(keyOf(t, "ed25519"))
	require.Components = append(require.Components, "accept-encoding", "user-agent")
	for _, protocol := range []string{"http/1.1", "h2"} {
		partner := partnertest.New(t, partnertest.Options{Protocols: []string{protocol}, Require: require})
		site := "encode\n" + block(partner, covering("accept-encoding user-agent"))
		caddy := startCaddy(t, siteFile(t, site, partner))
		body := strings.Repeat("compressible ", 1000)
		for _, agent := range []string{"", "User-Agent: app/1"} {
			req, err := http.NewRequest("POST", caddy.URL+"/v1/a", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header["User-Agent"] = nil
			if agent != "" {
				req.Header.Set("User-Agent", "app/1")
			}
			res, err := plainClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != 200 {
				t.Errorf("answered %s", res.Status)
			}
		}
		for _, seen := range only(t, partner, 2) {
			if string(seen.Body) != body || seen.Header.Has("Content-Encoding") {
				t.Error("the body was changed on the way")
			}
		}
	}
}

// A client that waits to be told to send its body is told by the proxy, and the
// partner sees neither the question nor anything before the body is there.
func TestHazardExpectContinue(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{})
	conn := caddy.dial()
	_, _ = io.WriteString(conn, "POST /v1/a HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	answers := bufio.NewReader(conn)
	res, err := http.ReadResponse(answers, nil)
	if err != nil || res.StatusCode != 100 {
		t.Fatal(res, err)
	}
	untouched(t, partner)
	_, _ = io.WriteString(conn, "{}")
	if res, err = http.ReadResponse(answers, nil); err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	if seen := only(t, partner, 1)[0]; seen.Header.Has("Expect") || string(seen.Body) != "{}" {
		t.Errorf("the partner saw Expect %q and the body %q", seen.Header.Get("Expect"), seen.Body)
	}
}
