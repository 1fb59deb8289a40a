package partnertest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRaw sends requests in odd pieces and finds each as it was, whatever their framing
// and how they share packets.
func TestRaw(t *testing.T) {
	partner := New(t, Options{})
	conn, err := tls.Dial("tcp", partner.Addr().String(), partner.authority.clientTLS())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	requests := []string{
		"GET /1 HTTP/1.1\r\nHost: partner.test\r\nx-lower:  v \r\nX-UPPER: v\r\n\r\n",
		"POST /2 HTTP/1.1\r\nHost: partner.test\r\nContent-Length: 27\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /3 HTTP/1.1\r\nHost: partner.test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: v\r\n\r\n",
		"DELETE /4 HTTP/1.1\r\nHost: partner.test\r\n\r\n",
		"POST /5 HTTP/1.1\r\nHost: partner.test\r\nContent-Length: 10000\r\n\r\n" + strings.Repeat("0123456789", 1000),
	}
	stream := []byte(strings.Join(requests, ""))
	go func() {
		for piece := range slices.Chunk(stream, 97) {
			conn.Write(piece)
		}
	}()
	answers := bufio.NewReader(conn)
	for range requests {
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		if res.StatusCode != 200 {
			t.Error(res.Status)
		}
	}
	seen := partner.Requests()
	for i, want := range requests {
		if got := string(seen[i].Raw); got != want {
			t.Errorf("request %d is\n%q, want\n%q", i+1, got, want)
		}
		if seen[i].Turn != i+1 {
			t.Errorf("request %d is turn %d", i+1, seen[i].Turn)
		}
	}
	if got := string(seen[2].Body); got != "hello world" {
		t.Errorf("chunked body %q", got)
	}
	if got, want := seen[3].Head(), "DELETE /4 HTTP/1.1\r\nHost: partner.test"; got != want {
		t.Errorf("head %q, want %q", got, want)
	}
	if want := (Fields{{"Host", "partner.test"}, {"x-lower", "v"}, {"X-UPPER", "v"}}); !slices.Equal(seen[0].Header, want) {
		t.Errorf("header %q, want %q", seen[0].Header, want)
	}
}

// TestBroken sends requests that are not whole, or that net/http refuses.
func TestBroken(t *testing.T) {
	for _, test := range []struct{ wire, want string }{
		{"POST / HTTP/1.1\r\nHost: partner.test\r\nContent-Length: 5\r\n\r\nhell", "unexpected EOF"},
		{"POST / HTTP/1.1\r\nHost: partner.test\r\nAuthoriz", "the connection ended before the request did"},
		{"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "the partner did not serve the request"},
		{"POST / HTTP/1.1\nHost: a\n\n", "the lines of the head do not end in CR LF"},
	} {
		partner := New(t, Options{Plain: true})
		conn, err := net.Dial("tcp", partner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, test.wire)
		conn.(*net.TCPConn).CloseWrite()
		seen, err := partner.Wait(1, 10*time.Second)
		if err != nil {
			t.Fatalf("%q: %v", test.wire, err)
		}
		r := seen[0]
		if !strings.Contains(r.Err, test.want) || string(r.Raw) != test.wire || r.Verdict.OK {
			t.Errorf("%q: recorded %q, %q, %v", test.wire, r.Raw, r.Err, r.Verdict.Problems)
		}
		conn.Close()
	}
}
