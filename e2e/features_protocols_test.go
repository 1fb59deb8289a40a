package e2e

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// speaks sends requests of all kinds and checks that they arrive signed, whole
// and in this version of HTTP.
func speaks(t *testing.T, partner *partnertest.Partner, caddy *process, version, scheme, authority string) {
	t.Helper()
	large := strings.Repeat("0123456789abcdef", 20_000)
	for _, test := range []struct{ method, target, body string }{
		{"GET", "/v1/a%20b?x=1&y=%2F", ""},
		{"POST", "/v1/payments", `{"amount":"12.50"}`},
		{"PUT", "/v1/large", large},
		{"DELETE", "/v1/payments/1", ""},
		{"HEAD", "/v1/a", ""},
		{"OPTIONS", "/", ""},
		{"GET", "/v1/again", ""},
	} {
		res := caddy.send(test.method, test.target, strings.NewReader(test.body), "X-Client: own")
		res.ok(t)
		seen := partner.Last()
		if seen == nil {
			t.Fatalf("%s %s did not arrive: %s\n%s", test.method, test.target, res.Text, tail(caddy.Log(), 2000))
		}
		if seen.Protocol != version || seen.Method != test.method || seen.Target != test.target || string(seen.Body) != test.body {
			t.Errorf("sent %s %s with %d bytes, seen %s %s %s with %d", test.method, test.target, len(test.body), seen.Protocol, seen.Method, seen.Target, len(seen.Body))
		}
		if seen.Scheme != scheme || seen.Authority != authority {
			t.Errorf("%s: seen by %s://%s, want %s://%s", test.method, seen.Scheme, seen.Authority, scheme, authority)
		}
		if seen.Header.Get("X-Client") != "own" {
			t.Errorf("%s: the client's own header is missing", test.method)
		}
		if length := seen.Header.Get("Content-Length"); test.body != "" && length != fmt.Sprint(len(test.body)) {
			t.Errorf("%s: Content-Length is %q", test.method, length)
		}
	}
	for _, seen := range only(t, partner, 7) {
		if seen.Conn != 1 {
			t.Errorf("%s %s came on connection %d: they are not reused", seen.Method, seen.Target, seen.Conn)
		}
	}
}

func authority(partner *partnertest.Partner) string { return partner.Addr().String() }

func TestFeatureUpstreamHTTP1(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{"http/1.1"}})
	speaks(t, partner, caddy, "HTTP/1.1", "https", authority(partner))
}

func TestFeatureUpstreamHTTP2(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{Protocols: []string{"h2", "http/1.1"}})
	speaks(t, partner, caddy, "HTTP/2.0", "https", authority(partner))
}

func TestFeatureUpstreamPlainHTTP1(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{Plain: true})
	speaks(t, partner, caddy, "HTTP/1.1", "http", authority(partner))
}

func TestFeatureUpstreamH2C(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{Plain: true, Protocols: []string{"h2"}}, "transport http {\n versions h2c 2\n}")
	speaks(t, partner, caddy, "HTTP/2.0", "http", authority(partner))
}

func TestFeatureUpstreamHTTP3(t *testing.T) {
	partner := newAcme(t, partnertest.Options{Protocols: []string{"h3"}})
	site := strings.Replace(block(partner, acme), "transport http {", "transport http {\n versions 3", 1)
	caddy := startCaddy(t, siteFile(t, site, partner))
	speaks(t, partner, caddy, "HTTP/3.0", "https", authority(partner))
}

func TestFeatureUpstreamUnixSocket(t *testing.T) {
	path := filepath.Join(shortDir(t), "partner.sock")
	partner := newAcme(t, partnertest.Options{Plain: true, Address: path})
	caddy := startCaddy(t, siteFile(t, blockAt("unix/"+path, acme), partner))
	speaks(t, partner, caddy, "HTTP/1.1", "http", "localhost")
}

// A websocket lives behind a signed upgrade request, for longer than timeout,
// and ends when either side ends it.
func TestFeatureWebsocket(t *testing.T) {
	for _, ends := range []string{"client", "partner"} {
		t.Run("the "+ends+" ends it", func(t *testing.T) {
			ended := make(chan error, 1)
			// A partner that would rather speak HTTP/2, which has no upgrades.
			partner, caddy := startSignOnly(t, partnertest.Options{Protocols: []string{"h2", "http/1.1"}, Answer: func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
				conn, buffered, err := w.(http.Hijacker).Hijack()
				if err == nil {
					err = echoWebsocket(conn, buffered, r.Header.Get("Sec-WebSocket-Key"))
				}
				ended <- err
				return true
			}}, "timeout 1s")
			conn := caddy.dial()
			fmt.Fprintf(conn, "GET /v1/stream?x=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n\r\n")
			read := bufio.NewReader(conn)
			res, err := http.ReadResponse(read, nil)
			if err != nil {
				t.Fatal(err)
			}
			// The accept value of this key is the one of RFC 6455, section 1.3.
			if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || !strings.EqualFold(res.Header.Get("Upgrade"), "websocket") {
				t.Fatalf("answered %s %v", res.Status, res.Header)
			}
			seen := only(t, partner, 1)[0]
			for name, want := range map[string]string{
				"Authorization": "Bearer token-of-acme", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
				"Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "chat",
			} {
				if got := seen.Header.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("the partner saw %s: %q", name, got)
				}
			}
			say := func(text string) {
				t.Helper()
				if err := writeFrame(conn, 1, text, true); err != nil {
					t.Fatal(err)
				}
				if opcode, got, err := readFrame(read); err != nil || opcode != 1 || got != "echo: "+text {
					t.Fatalf("heard %d %q, %v", opcode, got, err)
				}
			}
			for start := time.Now(); time.Since(start) < 1500*time.Millisecond; time.Sleep(100 * time.Millisecond) {
				say("hello at " + time.Since(start).String())
			}
			say(strings.Repeat("long ", 10_000))
			if ends == "client" {
				_ = conn.Close()
			} else {
				_ = writeFrame(conn, 1, "leave", true)
				if opcode, _, err := readFrame(read); err != nil || opcode != 8 {
					t.Errorf("the close frame is missing: %d, %v", opcode, err)
				}
				if _, err := read.ReadByte(); err != io.EOF {
					t.Errorf("the connection goes on: %v", err)
				}
			}
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("at the partner: %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Error("the partner's connection goes on")
			}
		})
	}
}

// echoWebsocket echoes until the peer leaves, or says leave.
func echoWebsocket(conn net.Conn, buffered *bufio.ReadWriter, key string) error {
	defer conn.Close()
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	for {
		opcode, text, err := readFrame(buffered.Reader)
		switch {
		case err == io.EOF || err == nil && opcode == 8:
			return nil
		case err != nil:
			return err
		case text == "leave":
			return writeFrame(conn, 8, "\x03\xe8", false)
		}
		if err := writeFrame(conn, opcode, "echo: "+text, false); err != nil {
			return err
		}
	}
}

// readFrame and writeFrame know unfragmented messages (RFC 6455, section 5.2).
func readFrame(r *bufio.Reader) (opcode byte, text string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	length := uint64(head[1] & 0x7f)
	extended := map[uint64]int{126: 2, 127: 8}[length]
	if extended > 0 {
		var bytes [8]byte
		if _, err := io.ReadFull(r, bytes[8-extended:]); err != nil {
			return 0, "", err
		}
		length = binary.BigEndian.Uint64(bytes[:])
	}
	var mask [4]byte
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(r, mask[:]); err != nil {
			return 0, "", err
		}
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, "", err
	}
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return head[0] & 0x0f, string(payload), nil
}

func writeFrame(w io.Writer, opcode byte, text string, masked bool) error {
	frame := []byte{0x80 | opcode}
	switch n := len(text); {
	case n < 126:
		frame = append(frame, byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(n))
	}
	payload := []byte(text)
	if masked {
		frame[1] |= 0x80
		mask := [4]byte{1, 2, 3, 4}
		frame = append(frame, mask[:]...)
		for i := range payload {
			payload[i] ^= mask[i%4]
		}
	}
	_, err := w.Write(append(frame, payload...))
	return err
}

// events is an answer that writes an event each time it is told to.
func events(next <-chan string) func(http.ResponseWriter, *http.Request, *partnertest.Request, partnertest.Verdict) bool {
	return func(w http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case event, more := <-next:
				if !more {
					return true
				}
				fmt.Fprintf(w, "data: %s\n\n", event)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return true
			}
		}
	}
}

// Each event arrives before the next one is sent, and the stream lives for
// longer than timeout, whether the request had a body or none, streamed or held.
func TestFeatureServerSentEvents(t *testing.T) {
	for name, test := range map[string]struct {
		start    func(*testing.T, partnertest.Options, ...string) (*partnertest.Partner, *process)
		protocol string
		body     func() io.Reader
	}{
		"GET":                         {startSignOnly, "http/1.1", func() io.Reader { return nil }},
		"GET over HTTP2":              {startSignOnly, "h2", func() io.Reader { return nil }},
		"POST with a held body":       {startAcme, "http/1.1", func() io.Reader { return strings.NewReader("{}") }},
		"POST with a streamed body":   {startSignOnly, "http/1.1", func() io.Reader { return strings.NewReader("{}") }},
		"POST of unknown length":      {startSignOnly, "http/1.1", func() io.Reader { return io.MultiReader(strings.NewReader("{}")) }},
		"POST with a stream on HTTP2": {startSignOnly, "h2", func() io.Reader { return io.MultiReader(strings.NewReader("{}")) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := make(chan string)
			partner, caddy := test.start(t, partnertest.Options{Protocols: []string{test.protocol}, Answer: events(next)}, "timeout 1s")
			method, body := "GET", test.body()
			if body != nil {
				method = "POST"
			}
			req, err := http.NewRequest(method, caddy.URL+"/v1/events", body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := plainClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			lines := make(chan string)
			go func() {
				defer close(lines)
				for read := bufio.NewScanner(res.Body); read.Scan(); {
					if read.Text() != "" {
						lines <- read.Text()
					}
				}
			}()
			hear := func() string {
				select {
				case line := <-lines:
					return line
				case <-time.After(3 * time.Second):
					return "nothing"
				}
			}
			for start := time.Now(); time.Since(start) < 2500*time.Millisecond; time.Sleep(250 * time.Millisecond) {
				event := time.Since(start).String()
				give(t, next, event)
				if heard := hear(); heard != "data: "+event {
					t.Fatalf("after %s: heard %q", event, heard)
				}
			}
			close(next)
			if heard := hear(); heard != "" {
				t.Errorf("heard %q after the end", heard)
			}
			only(t, partner, 1)
		})
	}
}
