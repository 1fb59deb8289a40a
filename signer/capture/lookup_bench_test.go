package capture_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/capture"
)

// A call that carries a captured token, with few flows kept and with as many as
// a store takes, and one that none of the flow's paths fit.
func BenchmarkLookup(b *testing.B) {
	now := time.Now()
	for _, flows := range []int{1, capture.DefaultEntries} {
		o := dynamicFlow()
		store := capture.NewMemory(capture.MemoryOptions{})
		o.Store, o.Observe = store, func(capture.Event) {}
		step := must(capture.New(o))
		for i := range flows {
			mintFlow(b, o, fmt.Sprint(i))
		}
		for what, sent := range map[string]int{"quote": 1, "other": 0} {
			b.Run(fmt.Sprintf("flows=%d/call=%s", flows, what), func(b *testing.B) {
				b.ReportAllocs()
				fresh := signer.Request{
					Method: "POST", Scheme: "https", Authority: "partner.example", Header: http.Header{}, Now: now, Record: new(signer.Record),
					Path: fmt.Sprintf("/api/v0/sdk/e1/flow/%d/%s", flows/2, what),
				}
				r := new(signer.Request)
				for b.Loop() {
					*r = fresh
					clear(r.Header)
					if err := step.Apply(b.Context(), r); err != nil || len(r.Header) != sent {
						b.Fatal(err, r.Header)
					}
				}
			})
		}
	}
}

// mintFlow has a partner tell the token of a flow.
func mintFlow(b *testing.B, o capture.Options, flow string) {
	b.Helper()
	partner := must(signer.New(signer.Options{
		Upstream: must(signer.ParseUpstream("https://partner.example")), Steps: []signer.Step{must(capture.New(o))},
	}))
	req := must(http.NewRequest("POST", "https://partner.example/api/v0/sdk/e1/flow/"+flow+"/source", nil))
	res := must(partner.Transport(told(fmt.Sprintf(`{"sessionToken":"dft_%s","flow":{"id":%q}}`, flow, flow))).RoundTrip(req))
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b.Fatal(res.Status)
	}
}

// told is an answer that is always this one.
type told string

// RoundTrip implements http.RoundTripper.
func (body told) RoundTrip(req *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(string(body))), Request: req}, nil
}
