package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// meteredSite is a partner that does everything that is counted, beside Dfns.
const meteredSite = `
handle_path /acme/* {
	partner_proxy PLAIN {
		name acme
		timeout 500ms
		bearer oauth2 PLAIN/token {
			client_id a
			client_secret {env.METERED_SECRET}
		}
		header X-File {file.DIR/header}
		json_field /source proxy
		idempotency_key
		content_digest
		signature {
			key DIR/key.pem
			key_id acme
			components @method content-digest? authorization
		}
		capture POST /mint/:id {
			id :id
			token /token
			send X-Captured POST /use/:id
		}
	}
}
handle_path /nobody/* {
	partner_proxy http://127.0.0.1:1 {
		name nobody
	}
}
handle /webhooks/dfns {
	partnersign_verify dfns {
		secret {env.METERED_SECRET}
	}
	respond ok
}
handle {
	BLOCK
}
`

// A meteredPartner answers anything, slowly or not at all where it is asked so.
func meteredPartner(t *testing.T) *httptest.Server {
	var refusing atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the client's leaving would not show
		switch r.URL.Path {
		case "/token":
			if refusing.Swap(false) {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":"a-token","token_type":"bearer","expires_in":3600}`)
		case "/mint/1":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"token":"captured"}`)
		case "/401":
			refusing.Store(true) // the token, and then another one
			w.WriteHeader(http.StatusUnauthorized)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/slow":
			<-r.Context().Done()
		case "/dies":
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// Every metric is counted when what it counts happens, and the page tells of each of
// them what a process serves: name, type, labels and their values.
func TestMetricsPage(t *testing.T) {
	t.Setenv("METERED_SECRET", "canary-metered-secret")
	t.Setenv("STORE_KEY", strings.TrimPrefix(storeKey, "STORE_KEY="))
	plain := meteredPartner(t)
	p := dfnsSetup{
		Site:    strings.ReplaceAll(meteredSite, "PLAIN", plain.URL),
		Options: inStorage,
		Files:   map[string]string{"key.pem": keyOf(t, "ed25519").File, "header": "h\n"},
	}.start(t)
	written := time.Now().Add(-48 * time.Hour).Truncate(time.Second)
	if err := os.Chtimes(p.path("header"), written, written); err != nil {
		t.Fatal(err)
	}
	post := func(status int, path string, headers ...string) {
		t.Helper()
		res := p.ask("POST", path, "{}", headers...)
		if res.StatusCode != status {
			t.Errorf("%s: %d %s, want %d", path, res.StatusCode, res.Text, status)
		}
	}
	counts := func(want float64, name string, labels ...string) {
		t.Helper()
		if got := p.metric(name, labels...); got != want {
			t.Errorf("%s%v is %v, want %v", name, labels, got, want)
		}
	}
	acme := `partner="acme"`
	counts(0, "partnersign_requests_total")

	post(200, "/acme/v1")
	counts(1, "partnersign_requests_total", acme, `outcome="answered"`)
	counts(1, "partnersign_sent_total", acme)
	counts(1, "partnersign_answers_total", acme, `status="2xx"`)
	counts(1, "partnersign_answer_seconds_count", acme)
	counts(1, "partnersign_token_refreshes_total", acme, `result="refreshed"`)
	for _, step := range []string{"read", "body", "idempotency", "credentials", "digest", "signature"} {
		counts(1, "partnersign_step_seconds_count", `step="`+step+`"`)
	}
	counts(0, "partnersign_challenge_seconds_count")
	if got := p.metric("partnersign_token_expiry_timestamp_seconds", acme) - float64(time.Now().Unix()); got < 3500 || got > 3700 {
		t.Errorf("the token expires in %v s", got)
	}
	if age := float64(time.Now().Unix()) - p.metric("partnersign_token_last_refresh_timestamp_seconds", acme); age < -1 || age > 300 {
		t.Errorf("the token is %v s old", age)
	}
	p.wallet()
	counts(1, "partnersign_challenge_seconds_count", `partner="dfns"`)
	counts(1, "partnersign_step_seconds_count", `step="challenge"`)

	post(403, "/acme/v1", "Origin: https://evil.example")
	counts(1, "partnersign_requests_total", acme, `outcome="refused"`)
	counts(1, "partnersign_problems_total", acme, `type="browser-refused"`)
	post(502, "/nobody/v1")
	counts(1, "partnersign_requests_total", `partner="nobody"`, `outcome="unreached"`)
	post(502, "/acme/dies")
	counts(1, "partnersign_requests_total", acme, `outcome="failed"`)
	post(504, "/acme/slow")
	counts(1, "partnersign_requests_total", acme, `outcome="timed_out"`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", p.URL+"/acme/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := plainClient.Do(req); err == nil {
		t.Errorf("answered %s", res.Status)
	}
	waitFor(t, "the client that has left", func() bool {
		return p.metric("partnersign_requests_total", acme, `outcome="abandoned"`) == 1
	})

	post(200, "/acme/mint/1")
	post(200, "/acme/use/1")
	counts(1, "partnersign_captured_tokens_total", acme, `event="stored"`)
	counts(1, "partnersign_captured_tokens_total", acme, `event="sent"`)
	counts(0, "partnersign_store_errors_total")
	dynamicProxy{process: p.process}.away()
	post(503, "/acme/use/1")
	counts(1, "partnersign_store_errors_total", `event="store_failed"`)
	counts(1, "partnersign_captured_tokens_total", acme, `event="store_failed"`)
	counts(1, "partnersign_requests_total", acme, `outcome="unavailable"`)

	sent := p.metric("partnersign_sent_total", acme)
	post(401, "/acme/401") // and another token is asked for in vain
	counts(1, "partnersign_token_refreshes_total", acme, `result="refused"`)
	counts(1, "partnersign_token_refreshes_total", acme, `result="failed"`)
	counts(1, "partnersign_answers_total", acme, `status="401"`)
	counts(0, "partnersign_answers_total", acme, `status="4xx"`)
	counts(sent+1, "partnersign_sent_total", acme)

	began := p.metric("partnersign_key_timestamp_seconds", acme)
	if age := float64(time.Now().Unix()) - began; age < 0 || age > 600 {
		t.Errorf("the key is %v s old", age)
	}
	other, err := makeKey("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	p.replace("key.pem", other.File)
	if err := os.Chtimes(p.path("key.pem"), written, written); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the other key", func() bool {
		_ = p.ask("GET", "/acme/v1", "")
		return p.metric("partnersign_key_timestamp_seconds", acme, `use="signature:sig1"`) == float64(written.Unix())
	})
	counts(1, "partnersign_file_reloads_total", acme, `result="used"`)
	p.replace("key.pem", "no key")
	waitFor(t, "the file that is no key", func() bool {
		_ = p.ask("GET", "/acme/v1", "")
		return p.metric("partnersign_file_reloads_total", acme, `result="refused"`) == 1
	})
	counts(float64(written.Unix()), "partnersign_key_timestamp_seconds", acme)

	if res := p.ask("POST", "/webhooks/dfns", "{}"); res.StatusCode != 403 {
		t.Errorf("webhook: %d", res.StatusCode)
	}
	counts(1, "partnersign_webhooks_total", `outcome="unverified"`)
	counts(64<<20, "partnersign_body_memory_limit_bytes")
	if skew := p.metric("partnersign_clock_skew_seconds", acme); skew < -2 || skew > 2 {
		t.Errorf("the clocks of one machine differ by %v s", skew)
	}
	comparePage(t, p.admin("/metrics"))

	// A partner that no configuration has any more has no gauges; its counters go on.
	requests := p.metric("partnersign_requests_total", acme)
	file := p.file
	before, after, _ := strings.Cut(file.Site, "handle_path /acme/*")
	_, after, _ = strings.Cut(after, "\nhandle_path /nobody/*")
	file.Site = before + "\nhandle_path /nobody/*" + after
	p.mustReload(file)
	waitFor(t, "the gauges of a partner to go", func() bool {
		text := p.admin("/metrics")
		return !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
			return strings.Contains(line, acme) && (strings.Contains(line, "_timestamp_seconds") || strings.Contains(line, "_skew_"))
		})
	})
	counts(requests, "partnersign_requests_total", acme)
	if p.metric("partnersign_key_timestamp_seconds", `partner="dfns"`) == 0 {
		t.Error("the gauges of a partner that stays are gone")
	}
}

// comparePage compares docs/metrics.md with what a process serves that has done
// everything.
func comparePage(t *testing.T, text string) {
	t.Helper()
	served, page := servedMetrics(text), documentedMetrics(t)
	for name, f := range served {
		if !strings.HasPrefix(name, "partnersign_") {
			continue
		}
		told, ok := page[name]
		if !ok || told.Type != f.Type || !slices.Equal(told.labels(), f.labels()) {
			t.Errorf("%s is a %s with %v; the page has a %s with %v", name, f.Type, f.labels(), told.Type, told.labels())
			continue
		}
		for label, values := range f.Labels {
			for _, value := range values {
				if told.Labels[label] != nil && !slices.Contains(told.Labels[label], value) {
					t.Errorf("%s: the page does not have %s=%q", name, label, value)
				}
			}
		}
	}
	for name := range page {
		if _, ok := served[name]; !ok {
			t.Errorf("%s is in the page, and the process does not serve it", name)
		}
	}
	// Those that appear all at once are told all.
	for _, check := range [][2]string{
		{"partnersign_requests_total", "outcome"}, {"partnersign_answers_total", "status"},
		{"partnersign_step_seconds", "step"}, {"partnersign_store_errors_total", "event"},
	} {
		got, want := slices.Sorted(slices.Values(served[check[0]].Labels[check[1]])), slices.Sorted(slices.Values(page[check[0]].Labels[check[1]]))
		if !slices.Equal(got, want) {
			t.Errorf("%s has %s %v, the page %v", check[0], check[1], got, want)
		}
	}
	for _, secret := range []string{"canary", "a-token", "/acme/", "/mint", "cr-1"} {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "partnersign_") && strings.Contains(line, secret) {
				t.Errorf("%s is in %s", secret, line)
			}
		}
	}
}
