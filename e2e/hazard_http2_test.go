package e2e

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/partnersign/partnersign/partnertest"
)

// What a client of HTTP/2 can say that one of HTTP/1.1 cannot changes neither whom a
// request goes to nor what of it is signed, and half a body is no request.
func TestHazardHTTP2(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	c := everyHost(siteFile(t, block(partner, acme+"\nclient_hosts *\nbrowsers any"), partner))
	c.Options = "servers {\n\t\tprotocols h1 h2c\n\t}"
	caddy := startCaddy(t, c)
	var refused []string
	for name, test := range map[string]struct {
		authority string
		fields    []string
		body      string
		refused   bool // or else the partner must see it, in order
	}{
		"another :authority":       {authority: "evil.example"},
		"letter case and a dot":    {authority: "EVIL.example."},
		"user in :authority":       {authority: "user:password@evil.example", refused: true},
		"port in :authority":       {authority: "127.0.0.1:1"},
		"Host beside :authority":   {authority: "127.0.0.1", fields: []string{"host: evil.example"}, refused: true},
		"two :authority":           {authority: "127.0.0.1", fields: []string{":authority: evil.example"}, refused: true},
		"no :authority":            {fields: []string{"host: evil.example"}},
		":path twice":              {authority: "127.0.0.1", fields: []string{":path: /admin"}, refused: true},
		"upper case":               {authority: "127.0.0.1", fields: []string{"Signature: sig1=:AAAA:"}, refused: true},
		"line break":               {authority: "127.0.0.1", fields: []string{"x-a: b\r\nsignature: c"}, refused: true},
		"NUL":                      {authority: "127.0.0.1", fields: []string{"x-a: b\x00c"}, refused: true},
		"connection":               {authority: "127.0.0.1", fields: []string{"connection: authorization"}, refused: true},
		"transfer-encoding":        {authority: "127.0.0.1", fields: []string{"transfer-encoding: chunked"}, body: "{}", refused: true},
		"owned headers, twice":     {authority: "127.0.0.1", fields: []string{"authorization: Bearer a", "authorization: Bearer b", "signature: sig1=:AAAA:", "signature: x=:AAAA:", "signature-input: sig1=()", "content-digest: sha-256=:AAAA:", "content_digest: x", "cookie: a=b", "cookie: c=d"}, body: "{}"},
		"body of unknown length":   {authority: "127.0.0.1", body: strings.Repeat("x", 40_000)},
		"body shorter than length": {authority: "127.0.0.1", fields: []string{"content-length: 10"}, body: "{}", refused: true},
		"body longer than length":  {authority: "127.0.0.1", fields: []string{"content-length: 1"}, body: "{}", refused: true},
		"trailers":                 {authority: "127.0.0.1", fields: []string{"trailer: signature"}, body: "trailers", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			target := "/v1/" + url.PathEscape(name)
			status := caddy.http2(t, target, test.authority, test.fields, test.body)
			if test.refused {
				refused = append(refused, target)
				if status == "200" {
					t.Error("it is answered with 200")
				}
				return
			}
			if status != "200" {
				t.Fatalf("it is answered with %q", status)
			}
			seen := partner.Last()
			verified(t, seen)
			if seen.Authority != authority(partner) || seen.Target != target || string(seen.Body) != test.body {
				t.Errorf("the partner saw %s of %s with %d bytes", seen.Target, seen.Authority, len(seen.Body))
			}
			if values := seen.Header.Values("Authorization"); len(values) != 1 || seen.Header.Has("Cookie") || seen.Header.Has("Content_digest") {
				t.Errorf("the partner saw %v", seen.Header)
			}
		})
	}
	waitFor(t, "all requests to end", func() bool { return caddy.metric("caddy_http_requests_in_flight") == 0 })
	for _, seen := range partner.Requests() {
		if slices.Contains(refused, seen.Target) {
			t.Errorf("the partner saw %s", seen.Target)
		}
	}
	caddy.memoryReturned(t)
}

// http2 posts to target on a connection of its own, with whatever fields, and returns the
// status, or "" when the stream or the connection ends without one.
func (p *process) http2(t *testing.T, target, authority string, fields []string, body string) (status string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, conn)
	framer.AllowIllegalWrites = true
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	pseudo := []string{":method: POST", ":scheme: http", ":path: " + target}
	if authority != "" {
		pseudo = append(pseudo, ":authority: "+authority)
	}
	for _, field := range append(pseudo, fields...) {
		at := strings.Index(field[1:], ": ") + 1
		_ = encoder.WriteField(hpack.HeaderField{Name: field[:at], Value: field[at+2:]})
	}
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: body == ""})
	for rest := body; rest != ""; {
		n := min(len(rest), 16<<10)
		_ = framer.WriteData(1, n == len(rest) && body != "trailers", []byte(rest[:n]))
		rest = rest[n:]
	}
	if body == "trailers" {
		block.Reset()
		_ = encoder.WriteField(hpack.HeaderField{Name: "signature", Value: "sig1=:AAAA:"})
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true})
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return ""
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return ""
		}
	}
}
