package message_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"github.com/partnersign/partnersign/signer/message"
)

// What net/http takes for a request is read as the same one, and what is written
// again is read again.
func FuzzParseRaw(f *testing.F) {
	for _, text := range []string{
		"POST /a%2Fb?c HTTP/1.1\r\nHost: a.example\r\nX-A:  1 \r\nx-a: 2\r\nContent-Length: 2\r\n\r\n{}",
		"GET https://a.example/b HTTP/1.1\r\nHost: c\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\nX: a\n  b\n\n",
		":method: POST\n:scheme: https\n:authority: a.example\n:path: /b?c\nx: 1\n\n{}",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := message.ParseRaw(data)
		if err == nil {
			again, err := message.ParseRaw(m.Wire())
			if err == nil && (again.Method != m.Method || again.Target != m.Target || len(m.Notes) == 0 && !bytes.Equal(again.Body, m.Body)) {
				t.Errorf("%q becomes %q", show(m), show(again))
			}
		}
		req, bad := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
		if bad != nil || req.Method == "CONNECT" || bytes.HasPrefix(data, []byte(":")) {
			return
		}
		body, bad := io.ReadAll(req.Body)
		if bad != nil {
			return
		}
		for name := range req.Header {
			if !httpguts.ValidHeaderFieldName(name) {
				return // net/http is lenient
			}
		}
		if err != nil {
			t.Fatalf("net/http reads it: %v", err)
		}
		if m.Method != req.Method || m.Target != req.RequestURI {
			t.Errorf("%s %q, and for net/http %s %q", m.Method, m.Target, req.Method, req.RequestURI)
		}
		if !bytes.HasPrefix(m.Body, body) {
			t.Errorf("the body is %q, and for net/http %q", m.Body, body)
		}
		for name, values := range req.Header {
			for i := range values {
				values[i] = strings.Trim(values[i], " \t") // of what was folded, net/http keeps some
			}
			if got := m.Header.Values(name); strings.Join(got, "|") != strings.Join(values, "|") {
				t.Errorf("%s is %q, and for net/http %q", name, got, values)
			}
		}
	})
}

// An archive is read as a whole or not at all.
func FuzzParseHAR(f *testing.F) {
	f.Add([]byte(`{"log":{"entries":[{"request":{"method":"POST","url":"https://a.example/b","headers":[{"name":"x","value":"1"}],"postData":{"text":"eyJh","encoding":"base64"}}}]}}`))
	f.Add([]byte(`{"log":{"entries":[{}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		requests, err := message.ParseHAR(data)
		if (err == nil) != (len(requests) > 0) {
			t.Errorf("%d requests and %v", len(requests), err)
		}
		for _, m := range requests {
			if !strings.HasPrefix(m.Target, "/") || m.Authority == "" && m.Scheme != "" {
				t.Errorf("%q", show(m))
			}
		}
	})
}
