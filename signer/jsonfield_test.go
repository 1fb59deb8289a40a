package signer_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// spliced is a body after the step, which must leave one that it refuses alone.
func spliced(t testing.TB, o signer.JSONFieldOptions, header http.Header, body string) (string, error) {
	t.Helper()
	r := &signer.Request{
		Method: "POST", Path: "/", Header: header.Clone(), Body: signer.NewBody([]byte(body)), ContentLength: int64(len(body)),
		Client: signer.Client{Addr: netip.MustParseAddr("8.8.8.8")},
	}
	err := must(signer.NewJSONField(o)).Apply(t.Context(), r)
	if got := int64(r.Body.Len()); r.ContentLength != got {
		t.Errorf("Content-Length %d of %d bytes", r.ContentLength, got)
	}
	return string(r.Body.Bytes()), err
}

func jsonType() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func TestJSONField(t *testing.T) {
	for _, test := range []struct{ pointer, body, want string }{
		{"/f", `{}`, `{"f":"v"}`},
		{"/f", ` { } `, ` {"f":"v" } `},
		{"/f", "\t{\r\n}\n", "\t{\"f\":\"v\"\r\n}\n"},
		{"/f", `{"a":1}`, `{"a":1,"f":"v"}`},
		{"/f", "{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\"f\":\"v\"\n}\n"},
		{"/f", `{"a":{}}`, `{"a":{},"f":"v"}`},
		{"/f", `{"a":"}\"\\"}`, `{"a":"}\"\\","f":"v"}`},
		{"/f", `{"n":1.00e+02,"n":12345678901234567890,"s":"\u00e4\/"}`, `{"n":1.00e+02,"n":12345678901234567890,"s":"\u00e4\/","f":"v"}`},
		{"/f", `{"a":{"f":1},"F":2,"f ":3}`, `{"a":{"f":1},"F":2,"f ":3,"f":"v"}`},
		{"/a/f", `{"a":{"b":[]} }`, `{"a":{"b":[],"f":"v"} }`},
		{"/a/f", `{"a":{},"a":{ } ,"b":{}}`, `{"a":{},"a":{"f":"v" } ,"b":{}}`},
		{"/a/f", `{"\u0061":{}}`, `{"\u0061":{"f":"v"}}`},
		{"/a/1/f", `{"a":[{},{},{}]}`, `{"a":[{},{"f":"v"},{}]}`},
		{"/0/f", `[{}]`, `[{"f":"v"}]`},
		{"/~0a~1/f~01", `{"~a/":{}}`, `{"~a/":{"f~1":"v"}}`},
		{"/\"\\\n<ä", `{}`, `{"\"\\\u000a<ä":"v"}`},
		{"/", `{}`, `{"":"v"}`},
		{"/0", `{}`, `{"0":"v"}`},
	} {
		got, err := spliced(t, signer.JSONFieldOptions{Pointer: test.pointer, Value: fixed("v"), Require: true}, jsonType(), test.body)
		if err != nil || got != test.want {
			t.Errorf("%s into %q: %q, %v, want %q", test.pointer, test.body, got, err, test.want)
		}
		again, err := spliced(t, signer.JSONFieldOptions{Pointer: test.pointer, Value: fixed("other"), Require: true}, jsonType(), got)
		if err != nil || again != got {
			t.Errorf("%s into %q a second time: %q, %v", test.pointer, test.body, again, err)
		}
	}
}

func TestJSONFieldIsThere(t *testing.T) {
	for _, body := range []string{
		`{"f":"x"}`, `{"f":null}`, `{"f":{}}`, `{"f":""}`, `{"\u0066":1}`, `{"f":1,"f":2}`, `{"f":1,"a":2}`, "\n{ \"f\" :\t1 }",
	} {
		got, err := spliced(t, signer.JSONFieldOptions{Pointer: "/f", Value: fixed("v"), Require: true}, jsonType(), body)
		if err != nil || got != body {
			t.Errorf("%q: %q, %v", body, got, err)
		}
	}
}

// What cannot take the field is forwarded, or refused if it is required.
func TestJSONFieldUnusable(t *testing.T) {
	typed := func(contentType string) http.Header { return http.Header{"Content-Type": {contentType}} }
	encoded := jsonType()
	encoded["Content-Encoding"] = []string{"gzip"}
	for _, test := range []struct {
		header              http.Header
		pointer, body, part string // "": it is usable
	}{
		{typed("application/json; charset=UTF-8"), "/f", `{}`, ""},
		{typed(`Application/JSON;charset="utf8"`), "/f", `{}`, ""},
		{typed("application/problem+json"), "/f", `{}`, ""},
		{typed("application/json; charset=iso-8859-1"), "/f", `{}`, "charset is not UTF-8"},
		{typed("application/json; charset=utf-8; charset=x"), "/f", `{}`, "Content-Type is not"},
		{typed("application/jsonp"), "/f", `{}`, "Content-Type is not"},
		{typed("text/json"), "/f", `{}`, "Content-Type is not"},
		{typed(""), "/f", `{}`, "Content-Type is not"},
		{http.Header{}, "/f", `{}`, "no Content-Type"},
		{http.Header{"Content-Type": {"application/json", "application/json"}}, "/f", `{}`, "more than one"},
		{encoded, "/f", `{}`, "Content-Encoding"},
		{jsonType(), "/f", ` `, "not JSON"},
		{jsonType(), "/f", `{`, "not JSON"},
		{jsonType(), "/f", `{}{}`, "not JSON"},
		{jsonType(), "/f", "{\"a\":\"\xff\"}", "not JSON"}, // UTF-8 (RFC 8259 section 8.1)
		{jsonType(), "/f", `{"a":1,}`, "not JSON"},
		{jsonType(), "/f", "\xef\xbb\xbf{}", "not JSON"}, // a byte order mark (RFC 8259 section 8.1)
		{jsonType(), "/f", "{\x00}\x00", "not JSON"},
		{jsonType(), "/f", strings.Repeat(`{"a":`, 10_001) + "1" + strings.Repeat("}", 10_001), "not JSON"},
		{jsonType(), "/f", `[]`, "no object there"},
		{jsonType(), "/f", `"{}"`, "no object there"},
		{jsonType(), "/f", `null`, "no object there"},
		{jsonType(), "/a/f", `{}`, "no object there"},
		{jsonType(), "/a/f", `{"a":null}`, "no object there"},
		{jsonType(), "/a/f", `{"a":{},"a":1}`, "no object there"},
		{jsonType(), "/a/0", `{"a":[]}`, "no object there"},
		{jsonType(), "/a/-", `{"a":[]}`, "no object there"},
	} {
		o := signer.JSONFieldOptions{Pointer: test.pointer, Value: fixed("v")}
		got, err := spliced(t, o, test.header, test.body)
		if changed := got != test.body; err != nil || changed != (test.part == "") {
			t.Errorf("%v %.20q: %.20q, %v", test.header, test.body, got, err)
		}
		o.Require = true
		got, err = spliced(t, o, test.header, test.body)
		var refused *signer.Problem
		if test.part == "" && err != nil || test.part != "" && (got != test.body || !errors.As(err, &refused) ||
			refused.Name != signer.BodyUnusable.Name || !strings.Contains(refused.Detail, "the field "+test.pointer) || !strings.Contains(refused.Detail, test.part)) {
			t.Errorf("%v %.20q, required: %.20q, %v, want %q", test.header, test.body, got, err, test.part)
		}
	}
}

// A brokenValue cannot be had.
type brokenValue struct{}

func (brokenValue) Value(time.Time) (string, error) { return "", errBroken }

func TestJSONFieldValue(t *testing.T) {
	for value, want := range map[string]string{
		"": `""`, `"\/`: `"\"\\/"`, "\x00\n\x1f\x7f": `"\u0000\u000a\u001f` + "\x7f\"", "ä€😀\u2028<&": "\"ä€😀\u2028<&\"",
	} {
		got, err := spliced(t, signer.JSONFieldOptions{Pointer: "/f", Value: fixed(value)}, jsonType(), "{}")
		if err != nil || got != `{"f":`+want+`}` {
			t.Errorf("%q: %s, %v", value, got, err)
		}
	}
	for _, value := range []signer.Value{brokenValue{}, fixed("\xff")} {
		got, err := spliced(t, signer.JSONFieldOptions{Pointer: "/f", Value: value}, jsonType(), "{}")
		var p *signer.Problem
		if got != "{}" || !errors.As(err, &p) || p.Name != signer.CredentialUnavailable.Name || p.Cause == nil {
			t.Errorf("%v: %s, %v", value, got, err)
		}
		if _, err := spliced(t, signer.JSONFieldOptions{Pointer: "/f", Value: value}, jsonType(), `{"f":1}`); err != nil {
			t.Errorf("nobody needs it: %v", err)
		}
	}
}

func TestJSONFieldOptions(t *testing.T) {
	for want, o := range map[string]signer.JSONFieldOptions{
		"expected a JSON pointer": {Value: fixed("v")},
		"such as /externalId":     {Pointer: "f", Value: fixed("v")},
		"~ is written ~0":         {Pointer: "/a~2", Value: fixed("v")},
		"/ within a name ~1":      {Pointer: "/~0~", Value: fixed("v")},
		"is UTF-8":                {Pointer: "/\xff", Value: fixed("v")},
		"one of the two":          {Pointer: "/f"},
		"a value or the client's": {Pointer: "/f", Value: fixed("v"), ClientIP: true},
	} {
		if _, err := signer.NewJSONField(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", o, err, want)
		}
	}
}
