package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const header = "X-Dynamic-Flow-Session-Token"

// dynamicFlow is Dynamic's flow, as a configuration would have it.
func dynamicFlow() capture.Options {
	const flow = "/api/v0/sdk/:env/flow/:flow/"
	return capture.Options{
		Mint:      capture.Call{Method: "POST", Path: flow + "source"},
		ID:        []capture.ID{{Name: "env"}, {Name: "flow"}},
		Token:     "/sessionToken",
		ExpiresAt: "/sessionExpiresAt",
		Check:     capture.Check{Pointer: "/flow/id", Name: "flow"},
		Send: []capture.Send{{Header: header, Methods: []string{"POST"}, Paths: []string{
			flow + "source", flow + "quote", flow + "prepare", flow + "broadcast", flow + "cancel",
		}}},
		Drop: []capture.Drop{
			{Status: []int{401}},
			{Status: []int{2}, Call: capture.Call{Method: "POST", Path: flow + "cancel"}},
		},
	}
}

// dynamicCheckout is the older form: the mint makes the id.
func dynamicCheckout() capture.Options {
	const transaction = "/api/v0/sdk/:env/transactions/:tx/"
	return capture.Options{
		Mint:      capture.Call{Method: "POST", Path: "/api/v0/sdk/:env/checkouts/:checkout/transactions"},
		ID:        []capture.ID{{Name: "env"}, {Name: "tx", Pointer: "/transaction/id"}},
		Token:     "/sessionToken",
		ExpiresAt: "/sessionExpiresAt",
		Send: []capture.Send{{Header: "X-Dynamic-Checkout-Session-Token", Methods: []string{"POST"}, Paths: []string{
			transaction + "source", transaction + "quote", transaction + "prepare", transaction + "broadcast", transaction + "cancel",
		}}},
		Drop: []capture.Drop{
			{Status: []int{401}},
			{Status: []int{2}, Call: capture.Call{Method: "POST", Path: transaction + "cancel"}},
		},
	}
}

// events keeps what is observed.
type events struct {
	mu   sync.Mutex
	list []capture.Event
}

func (e *events) observe(event capture.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

// take returns the kinds since the last take.
func (e *events) take() (kinds []capture.Kind) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.list {
		kinds = append(kinds, event.Kind)
		if text := fmt.Sprintf("%+v", event); strings.Contains(text, "dft_") {
			panic("an event tells a token: " + text)
		}
	}
	e.list = nil
	return kinds
}

func (e *events) want(t testing.TB, kinds ...capture.Kind) {
	t.Helper()
	if got := e.take(); !slices.Equal(got, kinds) {
		t.Errorf("events %v, want %v", got, kinds)
	}
}

// A world is a partner, and the proxy's side of it.
type world struct {
	t       testing.TB
	events  *events
	options capture.Options
	partner *signer.Partner
	url     string
	client  signer.Client
}

// newWorld serves answer and captures by o; without a store in o by a Memory.
func newWorld(t testing.TB, o capture.Options, answer http.HandlerFunc) *world {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return newProxy(t, o, server.URL)
}

func newProxy(t testing.TB, o capture.Options, url string) *world {
	t.Helper()
	w := &world{t: t, events: &events{}, url: url}
	if o.Store == nil {
		o.Store = capture.NewMemory(capture.MemoryOptions{Observe: w.events.observe})
	}
	o.Observe = w.events.observe
	w.options = o
	w.partner = must(signer.New(signer.Options{
		Upstream: must(signer.ParseUpstream(url)),
		Steps:    []signer.Step{must(capture.New(o))},
	}))
	return w
}

// base does not ask for compression by itself, as in production.
var base = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}

// do sends a request through the proxy; headers are name, value, ….
func (w *world) do(method, path string, headers ...string) *http.Response {
	req := must(http.NewRequest(method, w.url+path, strings.NewReader(`{}`)))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	x := w.partner.Begin()
	x.SetClient(w.client)
	res := must(x.RoundTrip(req, base))
	w.t.Cleanup(x.Close)
	return res
}

// post sends it and reads the answer.
func (w *world) post(path string, headers ...string) (status int, body string) {
	res := w.do("POST", path, headers...)
	defer res.Body.Close()
	return res.StatusCode, string(must(io.ReadAll(res.Body)))
}

const (
	source = "/api/v0/sdk/env1/flow/f1/source"
	quote  = "/api/v0/sdk/env1/flow/f1/quote"
	cancel = "/api/v0/sdk/env1/flow/f1/cancel"
)

// minted is an answer with a token.
func minted(token string) string {
	return `{ "sessionToken": "` + token + `", "sessionExpiresAt": "2099-01-01T00:00:00.000Z",
	"flow": {"id": "f1", "amount": 1.50, "note": "caf\u00e9"} }`
}

func sendJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

// flows is a partner that mints dft_1, dft_2 …, tells what it is sent in X-Got,
// and answers 401 to a token that is not the last of its flow.
func flows() http.HandlerFunc {
	var mu sync.Mutex
	alive, count := map[string]string{}, 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got := r.Header.Get(header)
		w.Header().Set("X-Got", got)
		w.Header().Set("X-Encoding", r.Header.Get("Accept-Encoding"))
		parts := strings.Split(r.URL.Path, "/")
		flow, verb := parts[len(parts)-2], parts[len(parts)-1]
		switch {
		case verb == "source":
			count++
			alive[flow] = fmt.Sprintf("dft_%d", count)
			sendJSON(w, strings.ReplaceAll(minted(alive[flow]), `"f1"`, `"`+flow+`"`))
		case got != alive[flow]:
			w.WriteHeader(401)
		case verb == "cancel":
			delete(alive, flow)
		}
	}
}

// exact reads a body that is compared byte for byte.
func exact(t testing.TB, res *http.Response, want []byte) {
	t.Helper()
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the answer has %d bytes, %v, want %d as they came", len(got), err, len(want))
	}
}

// counting tells how many calls there are at most at once.
func counting(now, most *atomic.Int64, serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		time.Sleep(time.Millisecond)
		serve(w, r)
	}
}
