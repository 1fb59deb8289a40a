package signer_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// ask sends one request, whose target may be what no server would accept.
func ask(t *testing.T, p *signer.Partner, method string, target *url.URL) (*wire, *http.Response, error) {
	t.Helper()
	w := new(wire)
	body := &watchedBody{Reader: strings.NewReader("{}")}
	res, err := p.Transport(w).RoundTrip(&http.Request{Method: method, URL: target, Host: "localhost", Body: body, ContentLength: 2})
	if !body.closed.Load() {
		t.Errorf("%s %s: the body was not closed", method, target)
	}
	return w, res, err
}

// parse reads a request target as servers do.
func parse(t *testing.T, target string) *url.URL {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// rule is a line of an allow list: methods, a pattern, and the words after it.
func rule(line string) signer.Rule {
	fields := strings.Fields(line)
	r := signer.Rule{Match: must(signer.ParseMatch(fields[0], fields[1]))}
	for _, word := range fields[2:] {
		r.Guarded = r.Guarded || word == "guarded"
		r.EncodedSlash = r.EncodedSlash || word == "encoded_slash"
	}
	return r
}

func rules(lines ...string) (rs []signer.Rule) {
	for _, line := range lines {
		rs = append(rs, rule(line))
	}
	return rs
}

func TestHazardousPathIsRefused(t *testing.T) {
	p := newPartner(t, signer.Options{})
	for _, test := range []struct{ part, targets string }{
		{`segment "." or ".."`, `
			/. /.. /./a /a/. /a/./b /a/.. /a/../b /../a /a/b/..
			/%2e /%2E%2e /a/%2e%2E/b /a/.%2e/b /a/%2E./b
			/..;x /a/..;x=1/b /a/.;/b /a/%2e%2e;x/b /a/..%3bx/b /a/..;/..
			/%2F.. /a/..%2Fb /a/%2e%2e%2fb /a%2f%2e%2e%2fb /a/b%2F.. /a%2F.%2Fb
			//../a /a//.. /.?x=1`},
		{"backslash", `/a%5Cb /a%5cb /..%5ca /%5C..`},
		{"control character", `/%00 /a%0a /%0D%0Ax /a%1f/b /%7F /a%09b`},
		{"must be percent-encoded", `/a\b /..\a /ä /a/ö/b /a"b /<a> /a^b /{a} /a|b /a#b`},
	} {
		for _, target := range strings.Fields(test.targets) {
			w, res, err := ask(t, p, "GET", parse(t, target))
			wantProblem(t, res, err, signer.InvalidRequest, test.part)
			if len(w.sent) > 0 {
				t.Errorf("%s was sent as %s", target, w.last(t).line)
			}
		}
	}
}

// No server hands these on, but a program can.
func TestUnparsedTargetIsRefused(t *testing.T) {
	p := newPartner(t, signer.Options{})
	for _, test := range []struct {
		part   string
		target url.URL
	}{
		{"begins with", url.URL{Path: "a"}},
		{"begins with", url.URL{Path: "*"}},
		{"must be a path", url.URL{Opaque: "//evil.example/a"}},
		{"must be a path", url.URL{Opaque: "/a", Path: "/a"}},
		{"percent-encoded", url.URL{Path: "/%zz", RawPath: "/%zz"}},
		{"percent-encoded", url.URL{Path: "/a", RawPath: "/b"}},
		{"percent-encoded", url.URL{Path: "/a b", RawPath: "/a b"}},
		{"control character", url.URL{Path: "/a\r\nHost: evil.example"}},
		{"backslash", url.URL{Path: `/a\b`}},
		{`segment "."`, url.URL{Path: "/a/../b"}},
		{"query", url.URL{Path: "/a", RawQuery: "a b"}},
		{"query", url.URL{Path: "/a", RawQuery: "a\r\nb"}},
		{"query", url.URL{Path: "/a", RawQuery: "a\x7f"}},
		{"query", url.URL{Path: "/a", RawQuery: "a#b"}},
	} {
		w, res, err := ask(t, p, "GET", &test.target)
		wantProblem(t, res, err, signer.InvalidRequest, test.part)
		if len(w.sent) > 0 {
			t.Errorf("%+v was sent as %s", test.target, w.last(t).line)
		}
	}
}

// What passes arrives as the client wrote it, byte for byte.
func TestPathIsNeverNormalised(t *testing.T) {
	var signed string
	p := newPartner(t, signer.Options{Steps: []signer.Step{&step{apply: signerSees(&signed)}}})
	for target := range strings.FieldsSeq(`
		/ /a /a/ /a/b /A%41%61 /%7Ea/~b /a%2fb /a%2Fb //a /a//b /a/// //
		/a;b=c/d;e /;/a /...  /.a /a. /..a /a.. /.../b /%2e%2e%2e /a/..b/c /a;..  /a/b;../c
		/%C3%A4 /%ff /a%20b /%25 /%2525 /%252e%252e /a+b /a,b:c@d!e$f&g'h(i)j*k=l /[a]
		/a%3Fb /a%23b /a? /a?b /a?b=c&d=%2F.. /a??b /a?/../b /a?b;c /a?%zz
		//evil.example/a /http://evil.example/a /@evil.example`) {
		w, res, err := ask(t, p, "GET", parse(t, target))
		wantAnswer(t, res, err, 200, "")
		if line := w.last(t).line; line != "GET "+target {
			t.Errorf("%s was sent as %s", target, line)
		}
		if signed != target {
			t.Errorf("%s was signed as %s", target, signed)
		}
	}
	w, res, err := ask(t, p, "GET", &url.URL{})
	wantAnswer(t, res, err, 200, "")
	if line := w.last(t).line; line != "GET /" || signed != "/" {
		t.Errorf("the empty path was sent as %s and signed as %s", line, signed)
	}
}

func TestMethods(t *testing.T) {
	p := newPartner(t, signer.Options{})
	for _, method := range []string{"GET", "get", "POST", "post", "PATCH", "M-SEARCH", "PROPFIND", ""} {
		w, res, err := ask(t, p, method, parse(t, "/a"))
		wantAnswer(t, res, err, 200, "")
		if line := w.last(t).line; method != "" && line != method+" /a" {
			t.Errorf("%s was sent as %s", method, line)
		}
	}
	// TRACE would send the credentials back to the client, and GET_0RTT is
	// GET to an HTTP/3 transport, but not to rules.
	for _, method := range []string{"CONNECT", "TRACE", "trace", "GET_0RTT", "GE T", "GET\r\n", "GÉT", "G3T"} {
		w, res, err := ask(t, p, method, parse(t, "/a"))
		wantProblem(t, res, err, signer.InvalidRequest, "")
		if len(w.sent) > 0 {
			t.Errorf("%q was sent", method)
		}
	}
}

func TestAllow(t *testing.T) {
	p := newPartner(t, signer.Options{Rules: signer.Rules{Allow: rules("GET /wallets/**", "POST,PUT /wallets/*/transfers", "* /health")}})
	for _, test := range []struct {
		method, targets string
		allowed         bool
	}{
		{"GET", "/wallets /wallets/ /wallets/1/keys /wallets?x /health", true},
		{"HEAD", "/wallets/1 /health", true},
		{"POST", "/wallets/1/transfers /health", true},
		{"PUT", "/wallets/1/transfers?dry=1", true},
		{"purge", "/health", true},
		{"GET", "/ /wallet /Wallets /w%61llets /wallets;x /health/ /health/1", false},
		{"POST", "/wallets /wallets/1 /wallets/1/transfers/", false},
		{"DELETE", "/wallets/1/transfers /wallets", false},
		{"get", "/wallets", false},
		{"post", "/wallets/1/transfers", false},
	} {
		for _, target := range strings.Fields(test.targets) {
			_, res, err := ask(t, p, test.method, parse(t, target))
			if test.allowed {
				wantAnswer(t, res, err, 200, "")
			} else {
				wantProblem(t, res, err, signer.NotAllowed, "no allow line matches")
			}
		}
	}
	p = newPartner(t, signer.Options{Rules: signer.Rules{Allow: []signer.Rule{}}})
	_, res, err := ask(t, p, "GET", parse(t, "/"))
	wantProblem(t, res, err, signer.NotAllowed, "no allow line matches")
}

// Rules cannot know what a partner takes "%2F" and "//" for.
func TestEncodedSlash(t *testing.T) {
	guarded := []signer.Match{must(signer.ParseMatch("*", "/keys/**"))}
	for _, target := range []string{"/a%2Fb", "/a%2fb", "//a", "/a//b", "/a//"} {
		for _, test := range []struct {
			rules   signer.Rules
			allowed bool
		}{
			{signer.Rules{}, true},
			{signer.Rules{Allow: rules("* /**")}, false},
			{signer.Rules{Allow: rules("* /**", "* /** encoded_slash")}, true},
			{signer.Rules{Allow: rules("POST /** encoded_slash", "* /**")}, false},
			{signer.Rules{Guarded: guarded}, false},
			{signer.Rules{Guarded: guarded, Allow: rules("* /** encoded_slash")}, true},
		} {
			_, res, err := ask(t, newPartner(t, signer.Options{Rules: test.rules}), "GET", parse(t, target))
			if test.allowed {
				wantAnswer(t, res, err, 200, "")
			} else {
				wantProblem(t, res, err, signer.NotAllowed, "encoded_slash lets it pass")
			}
		}
	}
}

// RFC 8470 section 5.2: what came in early data may be a replay.
func TestEarlyData(t *testing.T) {
	p := newPartner(t, signer.Options{})
	for method, sent := range map[string]bool{"GET": true, "HEAD": true, "OPTIONS": true, "POST": false, "DELETE": false} {
		w := new(wire)
		res, err := p.Transport(w).RoundTrip(request(t, method+" / HTTP/1.1\nHost: localhost\nEarly-Data: 1"))
		if sent {
			wantAnswer(t, res, err, 200, "")
		} else {
			wantProblem(t, res, err, signer.TooEarly, "send it again after the handshake")
		}
		if len(w.sent) > 0 != sent {
			t.Errorf("%s was sent %d times", method, len(w.sent))
		}
	}
}

func TestRefusedBodyIsNotRead(t *testing.T) {
	p := newPartner(t, signer.Options{Rules: signer.Rules{Allow: rules("GET /")}, Steps: []signer.Step{wholeBody}})
	body := &watchedBody{Reader: panicking{}}
	res, err := p.Transport(new(wire)).RoundTrip(&http.Request{Method: "POST", URL: parse(t, "/"), Body: body, ContentLength: -1})
	wantProblem(t, res, err, signer.NotAllowed, "")
	if !body.closed.Load() {
		t.Error("the body was not closed")
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("read") }

var _ io.Reader = panicking{}
