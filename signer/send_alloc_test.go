package signer_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

// A request without a body allocates no buffer to copy one with.
func TestNoBodyTakesNoBuffer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	client := http.Client{Transport: newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream(server.URL))}).Transport(server.Client().Transport)}
	get := func(times int) {
		for range times {
			res, err := client.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}
	get(20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const times = 200
	get(times)
	runtime.ReadMemStats(&after)
	each := (after.TotalAlloc - before.TotalAlloc) / times
	t.Logf("%d bytes a request, client and server together", each)
	if each > 24<<10 {
		t.Errorf("a request takes %d KiB", each>>10)
	}
}
