package message_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer/message"
)

// show is a request in one line for each part.
func show(m *message.Request) string {
	lines := []string{m.Method + " " + m.Scheme + " " + m.Authority + " " + m.Target}
	for _, f := range m.Header {
		lines = append(lines, f[0]+": "+f[1])
	}
	return strings.Join(append(append(lines, string(m.Body)), m.Notes...), "|")
}

// A request as text keeps order, spelling and encoding, whatever the lines end
// in.
func TestParseRaw(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"CR LF":                  {"POST /a%2Fb?c HTTP/1.1\r\nHost: A.example:443\r\nx-B:  1 \r\nX-b: 2\r\nContent-Length: 2\r\n\r\n{}", "POST  A.example:443 /a%2Fb?c|x-B: 1|X-b: 2|Content-Length: 2|{}"},
		"LF":                     {"GET / HTTP/1.1\nHost: a\n\n", "GET  a /|"},
		"no body":                {"GET / HTTP/1.1\nHost: a", "GET  a /|"},
		"no length":              {"PUT / HTTP/1.1\nHost: a\n\n{\n}\n", "PUT  a /|{\n}\n"},
		"an editor's line break": {"PUT / HTTP/1.1\nContent-Length: 2\n\n{}\n", "PUT   /|Content-Length: 2|{}"},
		"another length":         {"PUT / HTTP/1.1\nContent-Length: 9\n\n{}", "PUT   /|Content-Length: 9|{}|Content-Length is 9, and the body has 2 bytes: something has changed one of them"},
		"chunked":                {"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "PUT   /|Transfer-Encoding: chunked|{}"},
		"folded":                 {"GET / HTTP/1.1\r\nX: a\r\n  b\r\n\r\n", "GET   /|X: a b|"},
		"absolute":               {"GET https://a.example/b HTTP/1.1\r\nHost: c\r\n\r\n", "GET https a.example https://a.example/b|"},
		"HTTP/2":                 {":method: POST\n:scheme: https\n:authority: a.example\n:path: /b?c\nx: 1\n\n{}", "POST https a.example /b?c|x: 1|{}"},
	} {
		m, err := message.ParseRaw([]byte(tt.text))
		if err != nil || show(m) != tt.want {
			t.Errorf("%s: %v %q, want %q", name, err, show(m), tt.want)
		}
	}
	for _, text := range []string{"", "{}", "GET /\n", "GET / HTTP/1.1\nno field\n\n", "GET / HTTP/1.1\na b: c\n\n", ":path: /\n\n", "PUT / HTTP/1.1\nContent-Length: x\n\n"} {
		if _, err := message.ParseRaw([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestParseHAR(t *testing.T) {
	text := `{"log":{"entries":[{"request":{"method":"POST","url":"https://a.example/b%2Fc?d#e","headers":[{"name":":path","value":"/x"},{"name":"Host","value":"other"},{"name":"x","value":"1"}],"postData":{"text":"eyJh","encoding":"base64"}}}]}}`
	all, err := message.ParseHAR([]byte(text))
	if err != nil || len(all) != 1 || show(all[0]) != `POST https a.example /b%2Fc?d|x: 1|{"a` {
		t.Errorf("%v: %d requests, %q", err, len(all), show(all[0]))
	}
	for _, text := range []string{"", "{}", `{"log":{"entries":[{"request":{"url":"x"}}]}}`} {
		if _, err := message.ParseHAR([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// What curl's arguments say is what curl sends.
func TestParseCurl(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("a\r\nb\xff\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"http://a/b", "GET http a /b|User-Agent: curl/8|Accept: */*|"},
		{"-sS --fail-with-body -o out a.example:1/b?c=%2F#d", "GET http a.example:1 /b?c=%2F|User-Agent: curl/8|Accept: */*|"},
		{"-d a=1 --data b=2 http://a", "POST http a /|User-Agent: curl/8|Accept: */*|Content-Type: application/x-www-form-urlencoded|a=1&b=2"},
		{"-d @" + file + " http://a", "POST http a /|User-Agent: curl/8|Accept: */*|Content-Type: application/x-www-form-urlencoded|ab\xff"},
		{"--data-binary @" + file + " http://a", "POST http a /|User-Agent: curl/8|Accept: */*|Content-Type: application/x-www-form-urlencoded|a\r\nb\xff\n"},
		{"--data-raw @x http://a", "POST http a /|User-Agent: curl/8|Accept: */*|Content-Type: application/x-www-form-urlencoded|@x"},
		{"--json {} http://a", "POST http a /|User-Agent: curl/8|Content-Type: application/json|Accept: application/json|{}"},
		{"-XPUT -HX:1 -H Accept: -H User-Agent;|Host:b http://a/c", "PUT http a /c|X: 1|User-Agent: |"},
		{"-G -d a=1 http://a/?b", "GET http a /?b&a=1|User-Agent: curl/8|Accept: */*|"},
		{"-I -H Host:b http://a", "HEAD http b /|User-Agent: curl/8|Accept: */*|"},
		{"-u user:pw -A x http://a", "GET http a /|Authorization: Basic dXNlcjpwdw==|User-Agent: x|Accept: */*|"},
	} {
		m, err := message.ParseCurl(strings.Split(strings.Replace(tt.args, "|Host:b", "", 1), " "))
		if err != nil || sorted(show(m)) != sorted(tt.want) {
			t.Errorf("%s: %v %q, want %q", tt.args, err, show(m), tt.want)
		}
	}
	for _, args := range []string{"", "-F a=b http://a", "--frob http://a", "-X", "-d @/nowhere http://a", "ftp://a", "http://user@a/"} {
		if m, err := message.ParseCurl(strings.Fields(args)); err == nil {
			t.Errorf("%q is taken as %q", args, show(m))
		}
	}
}

// sorted is without the order of curl's own fields, which plays no part.
func sorted(s string) string {
	parts := strings.Split(s, "|")
	fields := parts[1 : len(parts)-1]
	for i := range fields {
		for j := range fields[:i] {
			if fields[i] < fields[j] {
				fields[i], fields[j] = fields[j], fields[i]
			}
		}
	}
	return strings.Join(parts, "|")
}

func TestWire(t *testing.T) {
	const text = "POST /a HTTP/1.1\r\nHost: b\r\nX: 1\r\nContent-Length: 2\r\n\r\n{}"
	m, err := message.ParseRaw([]byte(text))
	if err != nil || string(m.Wire()) != text {
		t.Errorf("%v %q", err, m.Wire())
	}
	m.Header = m.Header.Without("content-length")
	if string(m.Wire()) != text {
		t.Errorf("%q", m.Wire())
	}
}
