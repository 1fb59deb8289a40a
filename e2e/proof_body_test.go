package e2e

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// oddObjects are JSON that is not the same any more once it is read and written
// again.
var oddObjects = []string{
	`{}`, "{ }", " \r\n\t{\t} \n", `{"a":1}`, "{\n  \"a\" : 1 ,\n  \"b\" : [ 1, 2 ]\n}\n\n",
	`{"a":1,"a":2,"a":{"client_ip":"10.0.0.1"}}`,
	`{"amount":1.50E+01,"big":123456789012345678901234567890,"small":-0.0e-0,"e":1E400}`,
	`{"s":"\u00e9é\/\ud83d\ude00 \u2028 \"}{\" client_ip","u":"\ud800"}`,
	`{"nested":{"deep":[[[{}]]]},"x":null,"t":true}`,
	`{"Client_IP":"other","client_ip ":1,"client-ip":2}`, `{"a":"]}"}`,
	`{"pad":"` + strings.Repeat("p", 1<<20) + `"}`,
}

const insertedIP = `"client_ip":"203.0.113.7"`

// The end user's address is put into a body that lacks it, and every other byte
// arrives as it was sent, with and without Content-Length.
func TestProofClientIPInserted(t *testing.T) {
	p := proofSetup{}.start(t)
	for _, body := range oddObjects {
		for _, reader := range []io.Reader{strings.NewReader(body), io.MultiReader(strings.NewReader(body))} { // the latter is chunked
			p.Partner.Reset()
			p.send("POST", "/widget/session", reader, "Content-Type: application/json", endUser, "Content-Digest: sha-256=:AAAA:", "Digest: sha-256=AAAA")
			r := p.Last()
			sent := string(r.Body)
			before, after, found := strings.Cut(sent, insertedIP)
			if found && strings.HasSuffix(before, ",") {
				before = before[:len(before)-1]
			}
			if !found || before+after != body || !json.Valid(r.Body) {
				t.Errorf("%.300q became %.300q", body, sent)
			}
			if got := r.Header.Values("Content-Length"); !slices.Equal(got, []string{strconv.Itoa(len(sent))}) || r.Header.Has("Transfer-Encoding") {
				t.Errorf("%.300q has Content-Length %q of %d", sent, got, len(sent))
			}
			if r.Header.Has("Content-Digest") || r.Header.Has("Digest") {
				t.Error("the client's digest is of another body")
			}
		}
	}
}

// An address is the one that Caddy trusts, or none.
func TestProofClientIPOf(t *testing.T) {
	for _, test := range []struct {
		name, options string
		forwarded     []string
		want          string
	}{
		{"nobody forwards", behindProxy, nil, ""},
		{"IPv4", behindProxy, []string{"198.51.100.9"}, "198.51.100.9"},
		{"IPv6", behindProxy, []string{"2001:db8::8:800:200c:417a"}, "2001:db8::8:800:200c:417a"},
		{"IPv4 in IPv6", behindProxy, []string{"::ffff:8.8.8.8"}, "8.8.8.8"},
		{"the client has written one before", behindProxy, []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		{"in a line of its own", behindProxy, []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		{"private", behindProxy, []string{"192.168.1.20"}, ""},
		{"loopback", behindProxy, []string{"127.0.0.5"}, ""},
		{"carrier-grade", behindProxy, []string{"100.64.1.1"}, ""},
		{"unique local", behindProxy, []string{"fd00::1"}, ""},
		{"link local", behindProxy, []string{"fe80::1%eth0"}, ""},
		{"garbage", behindProxy, []string{"unknown"}, ""},
		{"not trusted", "grace_period 1s", []string{"203.0.113.7"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := proofSetup{Options: test.options}.start(t)
			var headers []string
			for _, address := range test.forwarded {
				headers = append(headers, "X-Forwarded-For: "+address)
			}
			p.session(`{"a":1}`, headers...).ok(t)
			want := `{"a":1}`
			if test.want != "" {
				want = `{"a":1,"client_ip":"` + test.want + `"}`
			}
			if got := string(p.Last().Body); got != want {
				t.Errorf("sent %s, want %s", got, want)
			}
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-Ip", "Via"} {
				if p.Last().Header.Has(name) {
					t.Errorf("%s was sent", name)
				}
			}
			p.inOrder(t)
		})
	}
}

// What has the field, or is no JSON object, is forwarded as it is; with require
// the latter is refused.
func TestProofBodiesLeftAlone(t *testing.T) {
	type body struct{ text, contentType, encoding string }
	has := []body{
		{`{"client_ip":"198.51.100.4"}`, "application/json", ""},
		{`{"a":1,"client_ip" : null }`, "application/json", ""},
		{`{"client_ip":""}`, "application/json", ""},
		{`{"client_ip":7,"a":{}}`, "application/json", ""},
		{`{"\u0063lient_ip":"198.51.100.4"}`, "application/json; charset=utf-8", ""},
	}
	others := []body{
		{`[]`, "application/json", ""}, {`[{"a":1}]`, "application/json", ""}, {`"text"`, "application/json", ""}, {`null`, "application/json", ""},
		{`{"a":1`, "application/json", ""}, {`{"a":1}}`, "application/json", ""}, {`{"a":01}`, "application/json", ""}, {`{'a':1}`, "application/json", ""},
		{"{\"a\":\"\x01\"}", "application/json", ""}, {"\xef\xbb\xbf{}", "application/json", ""}, {``, "application/json", ""},
		{`{"a":1}`, "text/plain", ""}, {`{"a":1}`, "application/json; charset=utf-16", ""}, {`a=1`, "application/x-www-form-urlencoded", ""},
		{gzipped(`{"a":1}`), "application/json", "gzip"},
	}
	check := func(p proofProxy, b body, refusedWith int) {
		t.Helper()
		p.Partner.Reset()
		headers := []string{"Content-Type: " + b.contentType, endUser}
		if b.encoding != "" {
			headers = append(headers, "Content-Encoding: "+b.encoding)
		}
		res := p.send("POST", "/widget/session", strings.NewReader(b.text), headers...)
		if refusedWith != 0 {
			res.refused(t, refusedWith, "body-unusable")
			untouched(t, p.Partner)
			return
		}
		if r := p.Last(); r == nil || string(r.Body) != b.text || r.Header.Get("Content-Type") != b.contentType {
			t.Errorf("%q became %v", b.text, r)
		}
		if res.Header.Get("Proxy-Status") != "" {
			t.Errorf("%q: %d %s", b.text, res.StatusCode, res.Text)
		}
	}
	p := proofSetup{}.start(t)
	for _, b := range slices.Concat(has, others) {
		check(p, b, 0)
	}
	p.send("POST", "/widget/other", strings.NewReader(`{"a":1}`), "Content-Type: application/json", endUser)
	if got := string(p.Last().Body); got != `{"a":1}` {
		t.Errorf("another call's body became %s", got)
	}

	p = proofSetup{Lines: "json_field /client_ip {client_ip} {\nrequire\non POST /widget/session\n}"}.start(t)
	for _, b := range has {
		check(p, b, 0)
	}
	for _, b := range others {
		check(p, b, 415)
	}
	p.session(`{"a":1}`, endUser).ok(t)
	if got := string(p.Last().Body); got != `{"a":1,`+insertedIP+`}` {
		t.Errorf("sent %s", got)
	}
	p.session(`{"a":1}`).ok(t) // in doubt it is left out
}
