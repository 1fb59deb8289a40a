package partnertest

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestDfnsHeaders(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{App: &DfnsApp{ID: "ap-1", Secret: "app-secret-canary"}})
	for _, test := range []struct {
		name   string
		change func(http.Header)
		status int
		reason string
	}{
		{"in order", func(http.Header) {}, 200, ""},
		{"no token", func(h http.Header) { h.Del("Authorization") }, 401, "There are 0 Authorization fields"},
		{"another token", func(h http.Header) { h.Set("Authorization", "Bearer x") }, 401, "not the one expected"},
		{"token twice", func(h http.Header) { h.Add("Authorization", "Bearer x") }, 401, "There are 2 Authorization fields"},
		{"no user agent", func(h http.Header) { h.Set("User-Agent", "") }, 400, "User-Agent is missing or empty."},
		{"no content type", func(h http.Header) { h.Del("Content-Type") }, 400, "There are 0 Content-Type fields"},
		{"content type with a parameter", func(h http.Header) { h.Set("Content-Type", "application/json; charset=utf-8") }, 200, ""},
		{"another content type", func(h http.Header) { h.Set("Content-Type", "text/plain") }, 400, `Content-Type is "text/plain"`},
		{"no application", func(h http.Header) { h.Del("X-DFNS-APPID") }, 401, "There are 0 X-DFNS-APPID fields"},
		{"another application", func(h http.Header) { h.Set("X-DFNS-APPID", "ap-2") }, 401, `X-DFNS-APPID is "ap-2"`},
		{"application twice", func(h http.Header) { h.Add("X-DFNS-APPID", "ap-1") }, 401, "There are 2 X-DFNS-APPID fields"},
		{"no secret", func(h http.Header) { h.Del("X-DFNS-APPSECRET") }, 401, "There are 0 X-DFNS-APPSECRET fields"},
		{"another secret", func(h http.Header) { h.Set("X-DFNS-APPSECRET", "x") }, 401, "X-DFNS-APPSECRET is not the secret"},
		{"no nonce, which is not asked for", func(h http.Header) { h.Del("X-DFNS-NONCE") }, 200, ""},
		{"a nonce that is none", func(h http.Header) { h.Set("X-DFNS-NONCE", "x") }, 401, "X-DFNS-NONCE: it is not base64url"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.t, c.change = t, func(r *http.Request) { test.change(r.Header) }
			answer := c.challengeFor("POST", "/wallets", "{}")
			if test.status != 200 {
				c.refusedWith(answer, test.status, test.reason)
			} else if answer.StatusCode != 200 {
				t.Error(answer.text)
			}
			if strings.Contains(answer.text, "canar") {
				t.Errorf("the answer quotes a secret: %s", answer.text)
			}
		})
	}
}

// TestDfnsAppOnEveryCall: the Application's headers are asked for on all calls alike.
func TestDfnsAppOnEveryCall(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{App: &DfnsApp{ID: "ap-1"}})
	challenge := c.challengeFor("POST", "/wallets", "{}")
	c.change = func(r *http.Request) { r.Header.Del("X-DFNS-APPID") }
	for _, call := range [][3]string{
		{"POST", "/auth/action/init", initBody("POST", "/wallets", "{}")},
		{"POST", "/auth/action", c.answerTo(challenge)},
		{"POST", "/wallets", "{}"},
		{"GET", "/wallets", ""},
	} {
		c.refusedWith(c.call(call[0], call[1], call[2]), 401, "X-DFNS-APPID")
	}
}

func TestDfnsRefusesOddRequests(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	c.refusedWith(c.call("PATCH", "/wallets/wa-1", "{}"), 404, "no operation with the method PATCH")
	request := c.request("GET", "/wallets", "")
	request.URL.Opaque = "//" + request.URL.Host + "/wallets" // the absolute form
	answer, err := c.send(request)
	if err != nil {
		t.Fatal(err)
	}
	c.refusedWith(answer, 400, "is not a path.")
}

// TestDfnsBrokenRequest: a request that breaks off is not carried out.
func TestDfnsBrokenRequest(t *testing.T) {
	d := NewDfns(t, DfnsOptions{Token: dfnsToken, Options: Options{Plain: true}})
	conn, err := net.Dial("tcp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST /auth/login HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "+dfnsToken+
		"\r\nUser-Agent: a\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{}")
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
	if refusals := d.Refusals(); len(refusals) != 1 || refusals[0].Status != 400 || !strings.HasPrefix(refusals[0].Reason, "The request is not whole") || len(d.Writes()) != 0 {
		t.Errorf("refused %+v, %d writes", refusals, len(d.Writes()))
	}
}

// TestDfnsRequire: a test may ask for more than Dfns does.
func TestDfnsRequire(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{Options: Options{Require: Require{ContentDigest: AnyDigest}}})
	c.refusedWith(c.challengeFor("POST", "/wallets", "{}"), 401, "The body has no Content-Digest")
}

// TestDfnsAnswer: a test may answer itself.
func TestDfnsAnswer(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{Options: Options{Answer: func(w http.ResponseWriter, r *http.Request, _ *Request, _ Verdict) bool {
		if r.URL.Path != "/own" {
			return false
		}
		io.WriteString(w, "own answer")
		return true
	}}})
	if answer := c.call("GET", "/own", ""); answer.text != "own answer" {
		t.Error(answer.text)
	}
	if answer := c.call("GET", "/keys", ""); answer.StatusCode != 200 {
		t.Error(answer.text)
	}
}
