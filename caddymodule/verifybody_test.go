package caddymodule_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/caddymodule"
	"github.com/partnersign/partnersign/signer"
)

func TestVerifySizeLimit(t *testing.T) {
	app := newApplication(t)
	body := webhook(0)
	server := serve(t, app.site("max_body "+strconv.Itoa(len(body))))
	assertStatus(t, postWebhook(t, server, body), 200)
	body = webhook(0)
	postWebhook(t, server, body+" ").assertProblem(t, signer.BodyTooLarge, "dfns")
	assertStatus(t, postWebhookFrom(t, server, io.MultiReader(strings.NewReader(body)), body), 200)
}

// TestVerifyFraming has requests that no sender of webhooks makes.
func TestVerifyFraming(t *testing.T) {
	app := newApplication(t)
	server := serve(t, app.site(""))
	body := webhook(0)
	chunk := strconv.FormatInt(int64(len(body)), 16) + "\r\n" + body + "\r\n0\r\n"
	for name, test := range map[string]struct {
		headers []string
		rest    string
		status  int
	}{
		"a trailer":         {[]string{"Transfer-Encoding: chunked", "Trailer: X-Sum"}, chunk + "X-Sum: 1\r\n\r\n", 400},
		"a malformed chunk": {[]string{"Transfer-Encoding: chunked"}, "zz\r\n" + body, 400},
		"two signatures":    {[]string{"X-DFNS-WEBHOOK-SIGNATURE: " + webhookSignature(webhookSecret, body), "Content-Length: " + strconv.Itoa(len(body))}, body, 403},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialWebhook(t, server, body, test.headers...)
			_, _ = io.WriteString(conn, test.rest)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _ = res.Body.Close(); res.StatusCode != test.status {
				t.Errorf("got %d, want %d", res.StatusCode, test.status)
			}
		})
	}
	t.Run("less than announced", func(t *testing.T) {
		conn := dialWebhook(t, server, body, "Content-Length: "+strconv.Itoa(len(body)+1))
		_, _ = io.WriteString(conn, body)
		_ = conn.(*net.TCPConn).CloseWrite()
		if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
			if _ = res.Body.Close(); res.StatusCode < 400 {
				t.Errorf("got %d", res.StatusCode)
			}
		}
	})
	if got := app.got(); len(got) > 0 {
		t.Errorf("the application got %q", got)
	}
}

// TestVerifyMemory holds bodies within the memory of all bodies, only as far as
// they have arrived, and gives it back.
func TestVerifyMemory(t *testing.T) {
	app := newApplication(t)
	server := serve(t, app.site(""))
	body := strings.Replace(webhook(0), "body-canary", strings.Repeat("x", 300<<10), 1)
	assertStatus(t, postWebhook(t, server, body), 200)
	eventually(t, func() bool { return caddymodule.BodyMemory.Used() == 0 })

	caddymodule.BodyMemory.SetLimit(256 << 10)
	t.Cleanup(func() { caddymodule.BodyMemory.SetLimit(0) })
	got := postWebhook(t, server, body)
	got.assertProblem(t, signer.MemoryExhausted, "dfns")
	if got.Header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	dialWebhook(t, server, body, "Content-Length: 1000000") // and nothing more
	assertStatus(t, postWebhook(t, server, webhook(0)), 200)
	if used := caddymodule.BodyMemory.Used(); used > 8<<10 {
		t.Errorf("a body that was announced takes %d bytes", used)
	}
}

// dialWebhook begins a request whose body the test sends, or does not.
func dialWebhook(t *testing.T, server *httptest.Server, body string, headers ...string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	head := "POST /webhooks/dfns HTTP/1.1\r\nHost: localhost\r\nX-DFNS-WEBHOOK-SIGNATURE: " + webhookSignature(webhookSecret, body) + "\r\n" +
		strings.Join(headers, "\r\n") + "\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	return conn
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for range 100 {
		if done() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("it did not happen within 2 s")
}
