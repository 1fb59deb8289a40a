package token_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/token"
)

func endpoint(o token.EndpointOptions) func(*http.Client) token.Source {
	return func(c *http.Client) token.Source {
		o.Client = c
		if o.URL == "" {
			o.URL = "https://partner.example/v1/auth/token"
		}
		return must(token.NewEndpoint(o))
	}
}

// As OffBlocks has it.
func TestEndpoint(t *testing.T) {
	now := time.Unix(1700000000, 0)
	got, issued, err := ask(t, now, `{"token":"h.p.s","expiresAt":1700003600,"tokenType":"Bearer"}`, endpoint(token.EndpointOptions{
		JSON:      []token.Field{{"apiKey", fixed("c0ffee")}, {"apiSecret", fixed(`a"\<&>é`)}},
		Headers:   []token.Field{{"x-version", fixed("2")}, {"user-agent", fixed("acme")}},
		Token:     "/token",
		ExpiresAt: "/expiresAt",
	}))
	if err != nil || issued.Value != "h.p.s" || issued.Expiry.Unix() != 1700003600 {
		t.Errorf("%q until %v, %v", issued.Value, issued.Expiry, err)
	}
	if got.Method != "POST" || got.body != `{"apiKey":"c0ffee","apiSecret":"a\"\\<&>é"}` || got.ContentLength != int64(len(got.body)) ||
		got.Header.Get("Content-Type") != "application/json" || got.Header.Get("X-Version") != "2" ||
		got.Header.Get("User-Agent") != "acme" || got.Header["Authorization"] != nil {
		t.Errorf("%s %v %q", got.Method, got.Header, got.body)
	}
}

func TestEndpointBodies(t *testing.T) {
	got, _, err := ask(t, time.Now(), `{"access_token":"t"}`, endpoint(token.EndpointOptions{Form: []token.Field{{"b", fixed("1 2")}, {"a", fixed("&")}}}))
	if err != nil || got.body != "b=1+2&a=%26" || got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%q %v, %v", got.body, got.Header, err)
	}
	got, _, err = ask(t, time.Now(), `{"access_token":"t"}`, endpoint(token.EndpointOptions{Headers: []token.Field{{"Authorization", fixed("Basic x")}}}))
	if err != nil || got.body != "" || got.Header["Content-Type"] != nil || got.Header.Get("Authorization") != "Basic x" || got.Header.Get("User-Agent") != "partnersign" {
		t.Errorf("%q %v, %v", got.body, got.Header, err)
	}
	for want, o := range map[string]token.EndpointOptions{
		"a: JSON is UTF-8":       {JSON: []token.Field{{"a", fixed("\xff")}}},
		"X-A: the value holds a": {Headers: []token.Field{{"x-a", fixed("a\r\nb")}}},
		"a: no such file":        {Form: []token.Field{{"a", newChanging(errors.New("no such file"))}}},
	} {
		if _, _, err := ask(t, time.Now(), "", endpoint(o)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestEndpointOptions(t *testing.T) {
	one := []token.Field{{"a", fixed("b")}}
	for want, o := range map[string]token.EndpointOptions{
		"expected the URL":               {URL: "/v1/auth/token"},
		"use https":                      {URL: "http://partner.example/"},
		"JSON or a form":                 {JSON: one, Form: one},
		"at a time or after seconds":     {ExpiresAt: "/a", ExpiresIn: "/b"},
		"life is positive":               {Life: -time.Second},
		"a field has a name and a value": {JSON: []token.Field{{"a", nil}}},
		"is not a header name":           {Headers: []token.Field{{"a b", fixed("")}}},
		"cannot be set or removed":       {Headers: []token.Field{{"host", fixed("")}}},
		"JSON pointer, such as":          {Token: "token"},
		"expected a JSON pointer":        {ExpiresAt: "/~2"},
		"a JSON pointer":                 {ExpiresIn: "x"},
	} {
		if o.URL == "" {
			o.URL = "https://partner.example/"
		}
		if e, err := token.NewEndpoint(o); err == nil || e != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
