package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Answers that the partner did not give, and requests sent twice, are found by
// counting.
func TestWindowCheck(t *testing.T) {
	w := workload{Connections: 2}
	for arrived, fails := range map[int64]bool{1000: false, 1004: false, 999: true, 1005: true} {
		seen := new(window)
		seen.requests.Store(arrived)
		if err := seen.check(1000, w); (err != nil) != fails {
			t.Errorf("%d arrived: %v", arrived, err)
		}
	}
	seen := new(window)
	seen.requests.Store(1000)
	seen.connections.Store(1000)
	if err := seen.check(1000, w); err == nil {
		t.Error("a connection for each request is fine")
	}
}

func TestPartner(t *testing.T) {
	k := testKeyring(t)
	p, err := startPartner(k.certificate)
	if err != nil {
		t.Fatal(err)
	}
	w := &window{every: 2, limit: 2}
	p.observe(w)
	for i := range 6 {
		var body io.Reader = strings.NewReader("body")
		if i == 2 {
			body = io.MultiReader(body) // in chunks
		}
		res, err := http.Post(p.Plain, "text/plain", body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	samples := w.kept()
	if w.requests.Load() != 6 || w.connections.Load() != 1 || len(samples) != 2 {
		t.Fatalf("%d requests, %d connections, %d samples", w.requests.Load(), w.connections.Load(), len(samples))
	}
	for i, s := range samples {
		if string(s.Body) != "body" || bytes.Contains(s.Head, []byte("chunked")) != (i == 1) {
			t.Errorf("%s%s", s.Head, s.Body)
		}
	}
}
