package signer_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

var uuid4, uuid5 = uuidVersion("4"), uuidVersion("5")

func uuidVersion(v string) *regexp.Regexp {
	return regexp.MustCompile("^[0-9a-f]{8}-[0-9a-f]{4}-" + v + "[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
}

func idempotent(t *testing.T, o signer.IdempotencyOptions, steps ...signer.Step) *signer.Partner {
	t.Helper()
	step, err := signer.NewIdempotency(o)
	if err != nil {
		t.Fatal(err)
	}
	return newPartner(t, signer.Options{Steps: append(steps, step)})
}

// keyOf sends a request with these lines and this body, and returns the key on
// the wire, after checking that the client is told the same.
func keyOf(t *testing.T, o signer.IdempotencyOptions, raw string) string {
	t.Helper()
	w := new(wire)
	res, err := idempotent(t, o).Transport(w).RoundTrip(request(t, raw))
	wantAnswer(t, res, err, 200, "")
	header, told := "Idempotency-Key", "Idempotency-Key"
	if o.Header != "" {
		header = o.Header
	}
	if o.ResponseHeader != "" {
		told = o.ResponseHeader
	}
	values := w.last(t).header.Values(header)
	if len(values) > 1 {
		t.Fatalf("%s: %q is sent", header, values)
	}
	key := strings.Join(values, "")
	if res.Header.Get(told) != key {
		t.Errorf("the client is told %q, the partner %q", res.Header.Get(told), key)
	}
	return key
}

const call = " /transfers?x=1 HTTP/1.1\nHost: localhost\nContent-Length: 0\n"

func TestIdempotencyKey(t *testing.T) {
	for _, test := range []struct {
		name    string
		options signer.IdempotencyOptions
		raw     string
		want    *regexp.Regexp
	}{
		{"POST", signer.IdempotencyOptions{}, "POST" + call, uuid4},
		{"PUT", signer.IdempotencyOptions{}, "PUT" + call, uuid4},
		{"PATCH", signer.IdempotencyOptions{}, "PATCH" + call, uuid4},
		{"DELETE", signer.IdempotencyOptions{}, "DELETE" + call, uuid4},
		{"GET", signer.IdempotencyOptions{}, "GET" + call, nil},
		{"HEAD", signer.IdempotencyOptions{}, "HEAD" + call, nil},
		{"lower case is another method", signer.IdempotencyOptions{}, "post" + call, nil},
		{"listed method", signer.IdempotencyOptions{Methods: []string{"GET"}}, "GET" + call, uuid4},
		{"unlisted method", signer.IdempotencyOptions{Methods: []string{"GET"}}, "POST" + call, nil},
		{"custom headers", signer.IdempotencyOptions{Header: "paypal-request-id", ResponseHeader: "x-key"}, "POST" + call, uuid4},
		{"empty key", signer.IdempotencyOptions{}, "POST" + call + "Idempotency-Key:\n", uuid4},
		{"underscored key", signer.IdempotencyOptions{}, "POST" + call + "Idempotency_Key: forged\n", uuid4},
		{"quoted", signer.IdempotencyOptions{Quoted: true}, "POST" + call, regexp.MustCompile(`^"[0-9a-f-]{36}"$`)},
		{"own key", signer.IdempotencyOptions{}, "POST" + call + "Idempotency-Key: mine\n", regexp.MustCompile("^mine$")},
		{"own key when required", signer.IdempotencyOptions{Require: true}, "POST" + call + "Idempotency-Key: mine\n", regexp.MustCompile("^mine$")},
		{"own key, neither quoted nor derived", signer.IdempotencyOptions{Quoted: true, FromHeader: "X-Ref"}, "POST" + call + "X-Ref: 1\nIdempotency-Key: m i;\"ne\n", regexp.MustCompile(`^m i;"ne$`)},
		{"own key of an unlisted method", signer.IdempotencyOptions{}, "GET" + call + "Idempotency-Key: mine\n", regexp.MustCompile("^mine$")},
		{"own key under a custom name", signer.IdempotencyOptions{Header: "X-Key"}, "POST" + call + "x-key: mine\n", regexp.MustCompile("^mine$")},
		{"required of listed methods only", signer.IdempotencyOptions{Require: true}, "GET" + call, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			key := keyOf(t, test.options, test.raw)
			if test.want == nil && key != "" || test.want != nil && !test.want.MatchString(key) {
				t.Errorf("key %q, want %v", key, test.want)
			}
			if key != "" && key != "mine" && !test.options.Quoted && keyOf(t, test.options, test.raw) == key {
				t.Error("the next request has the same key")
			}
		})
	}
}

func TestIdempotencyKeyRefused(t *testing.T) {
	for _, test := range []struct {
		options  signer.IdempotencyOptions
		raw      string
		kind     signer.Kind
		contains string
	}{
		{signer.IdempotencyOptions{}, "POST" + call + "Idempotency-Key: a\nIdempotency-Key: a\n", signer.InvalidRequest, "more than one Idempotency-Key"},
		{signer.IdempotencyOptions{FromBody: "/id"}, "POST" + call + "Idempotency-Key: a\nIdempotency-Key: b\n", signer.InvalidRequest, "more than one"},
		{signer.IdempotencyOptions{}, "GET" + call + "Idempotency-Key: \xff\n", signer.InvalidRequest, "printable"},
		{signer.IdempotencyOptions{}, "POST" + call + "Idempotency-Key: a\tb\n", signer.InvalidRequest, "printable"},
		{signer.IdempotencyOptions{Require: true}, "POST" + call, signer.InvalidRequest, "needs a header Idempotency-Key"},
		{signer.IdempotencyOptions{Require: true}, "POST" + call + "Idempotency_Key: forged\n", signer.InvalidRequest, "needs a header"},
		{signer.IdempotencyOptions{Require: true, Header: "X-Key"}, "POST" + call + "Idempotency-Key: a\n", signer.InvalidRequest, "X-Key"},
		{signer.IdempotencyOptions{Require: true, FromHeader: "X-Ref"}, "POST" + call, signer.InvalidRequest, "X-Ref or Idempotency-Key"},
		{signer.IdempotencyOptions{Require: true, FromHeader: "X-Ref"}, "POST" + call + "X-Ref: a\nX-Ref: b\n", signer.InvalidRequest, "X-Ref"},
		{signer.IdempotencyOptions{Require: true, FromBody: "/id"}, "POST" + withBody(`{}`), signer.InvalidRequest, "field /id"},
		{signer.IdempotencyOptions{Require: true, FromBody: "/id"}, "POST" + withBody(`{"id":{}}`), signer.InvalidRequest, "field /id"},
		{signer.IdempotencyOptions{Require: true, FromBody: "/id"}, "POST" + withBody(`id=1`), signer.BodyUnusable, "not JSON"},
		{signer.IdempotencyOptions{Require: true, FromBody: "/id"}, "POST" + call, signer.BodyUnusable, "not JSON"},
	} {
		w := new(wire)
		res, err := idempotent(t, test.options).Transport(w).RoundTrip(request(t, test.raw))
		wantProblem(t, res, err, test.kind, test.contains)
		if len(w.sent) > 0 {
			t.Errorf("%+v: sent", test)
		}
	}
}

func withBody(body string) string {
	return " /transfers HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n" + chunk(body)
}

func chunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// The key of a reference is the same for the same call, and only for that.
func TestIdempotencyKeyOfReference(t *testing.T) {
	header, body := signer.IdempotencyOptions{FromHeader: "x-ref"}, signer.IdempotencyOptions{FromBody: "/ref/id"}
	key := keyOf(t, header, "POST"+call+"X-Ref: 42\n")
	if !uuid5.MatchString(key) {
		t.Errorf("key %q", key)
	}
	for _, same := range []struct {
		options signer.IdempotencyOptions
		raw     string
	}{
		{header, "POST" + call + "X-Ref: 42\nX-Other: 1\n"},
		{header, "POST /transfers HTTP/1.1\nHost: other\nX-Ref: 42\nContent-Length: 1\n\nx"},
		{body, "POST" + withBody(`{"ref": {"id": "42"}, "amount": 1}`)},
		{body, "POST" + withBody(` {"x":[{}], "ref": {"id": 42 } } `)},
		{body, "POST" + withBody(`{"ref": {"id": "\u0034\u0032"}}`)},
	} {
		if got := keyOf(t, same.options, same.raw); got != key {
			t.Errorf("%s: key %s, want %s", same.raw, got, key)
		}
	}
	for _, other := range []struct {
		options signer.IdempotencyOptions
		raw     string
		want    *regexp.Regexp
	}{
		{header, "POST" + call + "X-Ref: 43\n", uuid5},
		{header, "PUT" + call + "X-Ref: 42\n", uuid5},
		{header, "POST /transfers/1 HTTP/1.1\nHost: localhost\nX-Ref: 42\n", uuid5},
		{body, "POST" + withBody(`{"ref": {"id": 42.0}}`), uuid5},
		{header, "POST" + call, uuid4},
		{header, "POST" + call + "X-Ref:\n", uuid4},
		{body, "POST" + withBody(`{"ref": 42}`), uuid4},
		{body, "POST" + withBody(`{"ref": {"id": ""}}`), uuid4},
		{body, "POST" + withBody(`{"ref": {"id": null}}`), uuid4},
		{body, "POST" + withBody(`ref=42`), uuid4},
		{body, "POST" + call, uuid4},
		{body, "POST / HTTP/1.1\nHost: localhost\nIdempotency-Key:\nTransfer-Encoding: chunked\n\n" + chunk(`{"ref": {"id": 7}}`), uuid5},
	} {
		if got := keyOf(t, other.options, other.raw); got == key || !other.want.MatchString(got) {
			t.Errorf("%s: key %s", other.raw, got)
		}
	}
	quoted := header
	quoted.Quoted = true
	if got := keyOf(t, quoted, "POST"+call+"X-Ref: 42\n"); got != `"`+key+`"` {
		t.Errorf("quoted key %s", got)
	}
}

// Every attempt of a client request carries the same key, and a signature that
// can cover it.
func TestIdempotencyKeyOfAllAttempts(t *testing.T) {
	var signed []string
	see := &step{phase: signer.PhaseSignature, apply: func(_ context.Context, r *signer.Request) error {
		signed = append(signed, strings.Join(r.Header["Idempotency-Key"], "|")+" "+r.Record.IdempotencyKey)
		return nil
	}}
	x := idempotent(t, signer.IdempotencyOptions{}, see).Begin()
	defer x.Close()
	down := roundTripper(func(*http.Request) (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: errBroken} })
	for range 2 {
		if _, err := x.RoundTrip(request(t, "POST"+call), down); err == nil {
			t.Fatal("no error")
		}
	}
	w := new(wire)
	res, err := x.RoundTrip(request(t, "POST"+call), w)
	wantAnswer(t, res, err, 200, "")
	key := res.Header.Get("Idempotency-Key")
	if !uuid4.MatchString(key) || w.last(t).header.Get("Idempotency-Key") != key {
		t.Errorf("key %q, sent %v", key, w.last(t).header)
	}
	if want := key + " " + key; len(signed) != 3 || signed[0] != want || signed[1] != want || signed[2] != want {
		t.Errorf("signed %q, want thrice %s", signed, want)
	}
}
