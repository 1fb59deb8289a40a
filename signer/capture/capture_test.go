package capture_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

// The whole life of a flow: the token goes out where it belongs, and ends.
func TestAFlow(t *testing.T) {
	w := newWorld(t, dynamicFlow(), flows())
	if status, body := w.post(source, "Accept-Encoding", "gzip, br"); status != 200 || body != minted("dft_1") {
		t.Errorf("source: %d %s", status, body)
	}
	w.events.want(t, capture.Stored)
	if res := w.do("POST", quote); res.StatusCode != 200 || res.Header.Get("X-Got") != "dft_1" {
		t.Errorf("quote: %d with %q", res.StatusCode, res.Header.Get("X-Got"))
	}
	w.events.want(t, capture.Sent)
	if res := w.do("POST", source, "Accept-Encoding", "gzip"); res.Header.Get("X-Got") != "dft_1" || res.Header.Get("X-Encoding") != "identity" {
		t.Errorf("a second source: with %q, encoding %q", res.Header.Get("X-Got"), res.Header.Get("X-Encoding"))
	}
	w.events.want(t, capture.Sent, capture.Stored)
	if res := w.do("POST", cancel); res.StatusCode != 200 || res.Header.Get("X-Got") != "dft_2" {
		t.Errorf("cancel: %d with %q", res.StatusCode, res.Header.Get("X-Got"))
	}
	w.events.want(t, capture.Sent, capture.Dropped)
	if res := w.do("POST", quote); res.Header.Get("X-Got") != "" {
		t.Errorf("after the end: with %q", res.Header.Get("X-Got"))
	}
	w.events.want(t, capture.Missing)
}

func TestWhereTheTokenGoes(t *testing.T) {
	for name, test := range map[string]struct {
		method, path string
		headers      []string
		want         string
	}{
		"to the flow":              {"POST", quote, nil, "dft_1"},
		"with a query":             {"POST", quote + "?a=b", nil, "dft_1"},
		"an empty header":          {"POST", quote, []string{header, ""}, "dft_1"},
		"a client's own":           {"POST", quote, []string{header, "own"}, "own"},
		"not to another flow":      {"POST", "/api/v0/sdk/env1/flow/f2/quote", nil, ""},
		"not to another env":       {"POST", "/api/v0/sdk/env2/flow/f1/quote", nil, ""},
		"not with another method":  {"GET", quote, nil, ""},
		"not to another call":      {"POST", "/api/v0/sdk/env1/flow/f1/other", nil, ""},
		"not below":                {"POST", quote + "/more", nil, ""},
		"not with a slash":         {"POST", quote + "/", nil, ""},
		"not in another case":      {"POST", "/API/v0/sdk/env1/flow/f1/quote", nil, ""},
		"not when spelled else":    {"POST", "/api/v0/sdk/env1/flow/f%31/quote", nil, ""},
		"a client's on any":        {"GET", "/api/v0/sdk/env1/flow/f1", []string{header, "own"}, "own"},
		"not to an empty segment":  {"POST", "/api/v0/sdk//flow/f1/quote", nil, ""},
		"not with a literal ahead": {"POST", "/x/api/v0/sdk/env1/flow/f1/quote", nil, ""},
	} {
		w := newWorld(t, dynamicFlow(), flows())
		w.post(source)
		if got := w.do(test.method, test.path, test.headers...).Header.Get("X-Got"); got != test.want {
			t.Errorf("%s: sent with %q, want %q", name, got, test.want)
		}
	}
}

// What the client holds itself ends like what we hold.
func TestAClientsOwnTokenEndsToo(t *testing.T) {
	w := newWorld(t, dynamicFlow(), flows())
	w.post(source)
	w.do("POST", quote, header, "a guess") // 401, and not the one we hold
	w.events.want(t, capture.Stored)
	w.do("POST", cancel, header, "dft_1")
	w.events.want(t, capture.Dropped)
}

// A refused token is forgotten, but never a newer one.
func TestCompareAndDelete(t *testing.T) {
	var w *world
	w = newWorld(t, dynamicFlow(), func(res http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == source:
			sendJSON(res, minted(r.Header.Get("X-Mint")))
		case r.Header.Get("X-Meanwhile") != "":
			w.post(source, "X-Mint", "dft_new")
			res.WriteHeader(401)
		default:
			res.Header().Set("X-Got", r.Header.Get(header))
			res.WriteHeader(401)
		}
	})
	w.post(source, "X-Mint", "dft_old")
	w.do("POST", quote, "X-Meanwhile", "yes")
	w.events.want(t, capture.Stored, capture.Sent, capture.Sent, capture.Stored)
	if got := w.do("POST", quote).Header.Get("X-Got"); got != "dft_new" {
		t.Errorf("sent with %q", got)
	}
	w.events.want(t, capture.Sent, capture.Dropped)
}

// The older form: the answer names the transaction.
func TestTheAnswerNamesTheFlow(t *testing.T) {
	w := newWorld(t, dynamicCheckout(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Got", r.Header.Get("X-Dynamic-Checkout-Session-Token"))
		if r.URL.Path == "/api/v0/sdk/env1/checkouts/c1/transactions" {
			n := r.Header.Get("X-Tx")
			sendJSON(w, fmt.Sprintf(`{"sessionToken":"dct_%s","transaction":{"id":"t%s"}}`, n, n))
		}
	})
	for _, n := range []string{"1", "2"} {
		w.post("/api/v0/sdk/env1/checkouts/c1/transactions", "X-Tx", n)
	}
	for _, n := range []string{"1", "2"} {
		if got := w.do("POST", "/api/v0/sdk/env1/transactions/t"+n+"/quote").Header.Get("X-Got"); got != "dct_"+n {
			t.Errorf("transaction %s: sent with %q", n, got)
		}
	}
	w.events.want(t, capture.Stored, capture.Stored, capture.Sent, capture.Sent)
}

// Two tokens of one answer do not know of each other.
func TestTwoCapturesOfOneCall(t *testing.T) {
	a, b := dynamicFlow(), dynamicFlow()
	b.Token, b.Send = "/other", []capture.Send{{Header: "X-Other", Paths: a.Send[0].Paths}}
	a.Store = capture.NewMemory(capture.MemoryOptions{})
	b.Store = a.Store
	a.Strip, b.Strip = true, true
	w := newWorld(t, a, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Got", r.Header.Get(header)+r.Header.Get("X-Other"))
		sendJSON(w, `{"sessionToken":"a","other":"b","flow":{"id":"f1"}}`)
	})
	w.partner = must(signer.New(signer.Options{
		Upstream: must(signer.ParseUpstream(w.url)),
		Steps:    []signer.Step{must(capture.New(a)), must(capture.New(b))},
	}))
	if _, body := w.post(source); body != `{"flow":{"id":"f1"}}` {
		t.Errorf("answer %s", body)
	}
	if got := w.do("POST", quote).Header.Get("X-Got"); got != "ab" {
		t.Errorf("sent with %q", got)
	}
}

func TestPerClient(t *testing.T) {
	o := dynamicFlow()
	o.PerClient = true
	w := newWorld(t, o, flows())
	address := func(s string) signer.Client { return signer.Client{Addr: netip.MustParseAddr(s)} }
	w.client = address("192.0.2.1")
	w.post(source)
	for _, test := range []struct {
		client signer.Client
		want   string
	}{
		{address("192.0.2.1"), "dft_1"},
		{address("::ffff:192.0.2.1"), "dft_1"},
		{address("192.0.2.2"), ""},
		{signer.Client{Identity: "192.0.2.1"}, ""},
		{signer.Client{Identity: "cert", Addr: netip.MustParseAddr("192.0.2.1")}, ""},
	} {
		w.client = test.client
		if got := w.do("GET", quote).Header.Get("X-Got"); got != "" {
			t.Errorf("GET: sent with %q", got)
		}
		if got := w.do("POST", quote).Header.Get("X-Got"); got != test.want {
			t.Errorf("%+v: sent with %q, want %q", test.client, got, test.want)
		}
	}
	w.events.take()
	w.client = signer.Client{}
	for _, path := range []string{source, quote} {
		if status, _ := w.post(path); status != 503 {
			t.Errorf("%s of nobody: %d", path, status)
		}
	}
	w.events.want(t, capture.Unidentified, capture.Unidentified)
}
