package signer_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/httpsig"
)

var clientIP = signer.JSONFieldOptions{Pointer: "/client_ip", ClientIP: true}

// sentFor sends a request for a client at this address; "": unknown.
func sentFor(t *testing.T, p *signer.Partner, addr, raw string) (message, *http.Response) {
	t.Helper()
	w, x := new(wire), p.Begin()
	defer x.Close()
	if addr != "" {
		x.SetClient(signer.Client{Addr: netip.MustParseAddr(addr)})
	}
	res, err := x.RoundTrip(request(t, raw), w)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.sent) == 0 {
		return message{}, res
	}
	return w.last(t), res
}

func jsonPost(body string) string {
	return "POST /widget/session HTTP/1.1\nHost: localhost\nContent-Type: application/json\nContent-Length: " + strconv.Itoa(len(body)) + "\n\n" + body
}

// Only addresses by which the internet knows a client are told.
func TestJSONFieldClientIP(t *testing.T) {
	p := newPartner(t, signer.Options{Steps: []signer.Step{must(signer.NewJSONField(clientIP))}})
	for addr, want := range map[string]string{
		"8.8.8.8": "8.8.8.8", "100.63.255.255": "100.63.255.255", "100.128.0.1": "100.128.0.1", "172.32.0.1": "172.32.0.1",
		"203.0.113.7": "203.0.113.7", "2001:db8::1": "2001:db8::1", "2606:4700::1111": "2606:4700::1111",
		"::ffff:8.8.8.8": "8.8.8.8", "::ffff:8.8.8.8%eth0": "8.8.8.8", "2606:4700::1111%eth0": "2606:4700::1111",
		"": "", "0.0.0.0": "", "0.1.2.3": "", "::": "", "127.0.0.1": "", "127.9.9.9": "", "::1": "", "::ffff:127.0.0.1": "",
		"10.0.0.1": "", "172.16.0.1": "", "172.31.255.255": "", "192.168.1.1": "", "::ffff:192.168.1.1": "", "fc00::1": "", "fd12::1": "",
		"169.254.1.1": "", "fe80::1": "", "fe80::1%eth0": "", "fec0::1": "", "100.64.0.1": "", "100.127.255.255": "", "::ffff:100.64.0.1": "",
		"224.0.0.1": "", "239.1.1.1": "", "ff02::1": "", "255.255.255.255": "", "240.0.0.1": "", "192.0.0.8": "", "198.19.0.1": "",
		"64:ff9b::808:808": "", "64:ff9b:1::1": "", "2001::1": "", "2002:a00:1::1": "", "100::1": "", "::8.8.8.8": "", "5f00::1": "",
	} {
		sent, _ := sentFor(t, p, addr, jsonPost(`{"a":1}`))
		wantBody := `{"a":1}`
		if want != "" {
			wantBody = `{"a":1,"client_ip":"` + want + `"}`
		}
		if sent.body != wantBody {
			t.Errorf("%s: %s", addr, sent.body)
		}
	}
}

// The body is held only if the field may have to be put into it.
func TestJSONFieldNeedsBody(t *testing.T) {
	required := clientIP
	required.Require = true
	posts := required
	posts.On = match("POST", "/widget/**")
	get := strings.Replace(jsonPost(`{"a":1}`+long), "POST", "GET", 1)
	bodyless := "GET /widget/session HTTP/1.1\nHost: localhost"
	form := strings.Replace(jsonPost("a=1"+long), "json", "x-www-form-urlencoded", 1)
	chunked := func(chunks string) string {
		head, _, _ := strings.Cut(jsonPost(""), "Content-Length")
		return head + "Transfer-Encoding: chunked\n\n" + chunks
	}
	for _, test := range []struct {
		name      string
		options   signer.JSONFieldOptions
		addr, raw string
		held      bool // when it is sent
		status    int
	}{
		{"JSON", clientIP, "8.8.8.8", jsonPost("{}"), true, 200},
		{"JSON, chunked", clientIP, "8.8.8.8", chunked("2\r\n{}\r\n0\r\n\r\n"), true, 200},
		{"any method", clientIP, "8.8.8.8", get, true, 200},
		{"a form", clientIP, "8.8.8.8", form, false, 200},
		{"a small form", clientIP, "8.8.8.8", strings.Replace(jsonPost("a=1"), "json", "x-www-form-urlencoded", 1), true, 200},
		{"private", clientIP, "10.0.0.1", jsonPost("{}" + long), false, 200},
		{"unknown", clientIP, "", jsonPost("x" + long), false, 200},
		{"no body", clientIP, "8.8.8.8", bodyless, false, 200},
		{"required, private", required, "10.0.0.1", jsonPost("{}"), true, 200},
		{"required, unknown", required, "", jsonPost("x"), false, 415},
		{"required, a form", required, "8.8.8.8", form, false, 415},
		{"required, no body", required, "8.8.8.8", bodyless, false, 200},
		{"required, chunked and empty", required, "8.8.8.8", chunked("0\r\n\r\n"), false, 200},
		{"required of POST, GET", posts, "8.8.8.8", get, false, 200},
		{"required of POST, no body", posts, "8.8.8.8", jsonPost(""), false, 415},
		{"required of POST, another path", posts, "8.8.8.8", strings.Replace(form, "/widget", "/other", 1), false, 200},
	} {
		field := must(signer.NewJSONField(test.options))
		held := false
		watched := &step{phase: signer.PhaseSignature, apply: func(_ context.Context, r *signer.Request) error {
			held = r.Body.Len() > 0
			return nil
		}}
		p := newPartner(t, signer.Options{Steps: []signer.Step{field, watched}})
		_, res := sentFor(t, p, test.addr, test.raw)
		if res.StatusCode != test.status || held != test.held {
			t.Errorf("%s: %d, held %v", test.name, res.StatusCode, held)
		}
	}
}

// What is made of the body is made of the one that is sent: at every attempt, and
// instead of what the client says about its own.
func TestJSONFieldIsDigested(t *testing.T) {
	var bodies []string
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := must(io.ReadAll(r.Body))
		bodies = append(bodies, string(body))
		sum := sha256.Sum256(body)
		if want := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"; r.Header.Get("Content-Digest") != want {
			t.Errorf("Content-Digest %s of %s", r.Header.Get("Content-Digest"), body)
		}
		if r.ContentLength != int64(len(body)) || r.Header["Digest"] != nil || r.Header["Content-Md5"] != nil {
			t.Errorf("Content-Length %d of %d, header %v", r.ContentLength, len(body), r.Header)
		}
		if len(bodies) == 1 {
			w.WriteHeader(502)
		}
	}))
	defer partner.Close()
	memory := signer.NewMemory(0)
	p := newPartner(t, signer.Options{
		Upstream: must(signer.ParseUpstream(partner.URL)), Memory: memory, Retries: []signer.Retry{{Status: []int{502}, MinBackoff: 1, MaxBackoff: 1}},
		Steps: []signer.Step{
			must(httpsig.NewDigest(httpsig.DigestOptions{})), must(signer.NewJSONField(clientIP)),
			must(signer.NewJSONField(signer.JSONFieldOptions{Pointer: "/by", Value: fixed("proxy")})),
		},
	})
	for _, framing := range []string{"Content-Length: 10\n\n{\"a\":1.00}", "Transfer-Encoding: chunked\n\na\r\n{\"a\":1.00}\r\n0\r\n\r\n"} {
		bodies = nil
		x := p.Begin()
		x.SetClient(signer.Client{Addr: netip.MustParseAddr("8.8.8.8")})
		res, err := x.RoundTrip(request(t, "POST / HTTP/1.1\nHost: localhost\nContent-Type: application/json\nDigest: md5=x\nContent-Digest: x\nContent-MD5: x\n"+framing), partner.Client().Transport)
		wantAnswer(t, res, err, 200, "")
		if want := `{"a":1.00,"client_ip":"8.8.8.8","by":"proxy"}`; len(bodies) != 2 || bodies[0] != want || bodies[1] != want {
			t.Errorf("sent %q", bodies)
		}
		x.Close()
	}
	if memory.Used() != 0 {
		t.Errorf("%d bytes are not given back", memory.Used())
	}
}

func TestJSONFieldBeforeTheIdempotencyKey(t *testing.T) {
	key := must(signer.NewIdempotency(signer.IdempotencyOptions{FromBody: "/ref", Require: true}))
	field := must(signer.NewJSONField(signer.JSONFieldOptions{Pointer: "/ref", Value: fixed("r")}))
	p := newPartner(t, signer.Options{Steps: []signer.Step{key, field}})
	without, _ := sentFor(t, p, "", jsonPost("{}"))
	with, _ := sentFor(t, p, "", jsonPost(`{"ref":"r"}`))
	if k := without.header.Get("Idempotency-Key"); k == "" || k != with.header.Get("Idempotency-Key") {
		t.Errorf("keys %q and %q", k, with.header.Get("Idempotency-Key"))
	}
}
