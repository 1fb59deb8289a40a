package partnertest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// newSigningCaller is a caller from a server-signed Application.
func newSigningCaller(t testing.TB, protocol string) *dfnsCaller {
	t.Helper()
	key := rfc7515Key(t)
	c := newDfnsCaller(t, DfnsOptions{
		Options: Options{Protocols: []string{protocol}},
		App:     &DfnsApp{ID: "ap-1", Secret: "s", PublicKey: &key.PublicKey},
		AnyPath: true,
	})
	c.appKey = key
	return c
}

// TestDfnsAPISignature: calls with all that can be in them, and then each thing that is
// signed, changed after it was.
func TestDfnsAPISignature(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		c := newSigningCaller(t, protocol)
		for _, answer := range []callAnswer{
			c.call("GET", "/wallets?limit=10&paginationToken=a%2Fb", ""),
			c.write("POST", "/wallets", `{"network":"Bitcoin","name":"é <&>"}`),
			c.write("DELETE", "/anything%20else?now=1", ""),
			c.call("GET", "/wallets", "", "Accept", `application/json;v="1\2"`),
		} {
			if answer.StatusCode != 200 {
				t.Errorf("%s: %s", protocol, answer.text)
			}
		}
		if protocol == "http/1.1" { // HTTP/2 has no such field
			if answer := c.call("GET", "/wallets", "", "Connection", "keep-alive"); answer.StatusCode != 200 {
				t.Error(answer.text)
			}
		}
		for _, change := range []func(*http.Request){
			func(r *http.Request) { r.Header.Set("Accept", "*/*") },
			func(r *http.Request) { r.Header.Del("Accept-Encoding") },
			func(r *http.Request) { r.Header.Set("Content-Type", "application/json;charset=utf-8") },
			func(r *http.Request) { r.Header.Set("User-Agent", "another") },
			func(r *http.Request) { r.Header.Set("X-DFNS-USERACTION", "another") },
			func(r *http.Request) { r.Host = "partner.test" },
			func(r *http.Request) { r.Method = "PUT" },
			func(r *http.Request) { r.URL.RawQuery = "limit=2" },
			func(r *http.Request) { r.URL.Path = "/keys" },
			func(r *http.Request) { r.Header.Set("X-DFNS-APISIGNATURE", r.Header.Get("X-DFNS-APISIGNATURE")[1:]) },
		} {
			request := c.request("POST", "/wallets?limit=1", "{}", "X-DFNS-USERACTION", "one")
			change(request)
			answer, err := c.send(request)
			if err != nil {
				t.Fatal(err)
			}
			c.refusedWith(answer, 401, "X-DFNS-APISIGNATURE")
		}
		request := c.request("POST", "/wallets", "{}")
		other := c.request("POST", "/wallets", "[]")
		request.Header.Set("X-DFNS-APISIGNATURE", other.Header.Get("X-DFNS-APISIGNATURE"))
		request.Header.Set("X-DFNS-NONCE", other.Header.Get("X-DFNS-NONCE"))
		answer, err := c.send(request)
		if err != nil {
			t.Fatal(err)
		}
		c.refusedWith(answer, 401, "X-DFNS-APISIGNATURE does not fit the request that was received.")
	}
}

func TestDfnsAPISignatureForm(t *testing.T) {
	c := newSigningCaller(t, "http/1.1")
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		reason string
	}{
		{"missing", func(r *http.Request) { r.Header.Del("X-DFNS-APISIGNATURE") }, "There are 0 X-DFNS-APISIGNATURE fields"},
		{"a whole JWS", func(r *http.Request) {
			r.Header.Set("X-DFNS-APISIGNATURE", "e30.e30."+r.Header.Get("X-DFNS-APISIGNATURE"))
		}, "it is to be the signature alone"},
		{"padding", func(r *http.Request) {
			r.Header.Set("X-DFNS-APISIGNATURE", r.Header.Get("X-DFNS-APISIGNATURE")+"==")
		}, "not base64url without padding"},
		{"another alphabet", func(r *http.Request) {
			bytes, _ := base64.RawURLEncoding.DecodeString(r.Header.Get("X-DFNS-APISIGNATURE"))
			r.Header.Set("X-DFNS-APISIGNATURE", base64.RawStdEncoding.EncodeToString(bytes)+"+")
		}, "not base64url without padding"},
		{"no nonce", func(r *http.Request) { r.Header.Del("X-DFNS-NONCE") }, "There are 0 X-DFNS-NONCE fields"},
		{"a field twice", func(r *http.Request) { r.Header.Add("Accept", "*/*") }, "there are 2 accept fields, where one can be signed"},
		{"a body in chunks", func(r *http.Request) { r.ContentLength = -1 }, "the body came without the Content-Length that is signed"},
		{"a field that is not ASCII", func(r *http.Request) { r.Header.Set("Accept", "é") }, "h-accept has a character that is not printable ASCII"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.t = t
			request := c.request("POST", "/auth/action/init", initBody("POST", "/wallets", "{}"))
			test.change(request)
			answer, err := c.send(request)
			if err != nil {
				t.Fatal(err)
			}
			c.refusedWith(answer, 401, test.reason)
		})
	}
}

// TestDfnsAPISignatureAuthority: r-authority is the host without its port.
func TestDfnsAPISignatureAuthority(t *testing.T) {
	for authority, want := range map[string]string{
		"api.dfns.io": "api.dfns.io", "api.dfns.io:8443": "api.dfns.io", "[::1]": "[::1]", "[::1]:8443": "[::1]",
	} {
		payload, err := apiSignaturePayload(&Request{Method: "GET", Target: "/", Authority: authority})
		if err != nil || !strings.Contains(payload, `"h-host":"`+authority+`"`) || !strings.Contains(payload, `"r-authority":"`+want+`"`) {
			t.Errorf("%s: %s, %v", authority, payload, err)
		}
	}
	if _, err := apiSignaturePayload(&Request{Target: "/é"}); err == nil || !strings.Contains(err.Error(), "r-path has a character") {
		t.Errorf("a path that is not ASCII: %v", err)
	}
}
