package caddymodule_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/partnersign/partnersign/caddymodule"
)

// TestVerifyReplay posts everything twice. What the application took is refused
// the second time, also after a reload of the configuration; what it did not
// take may come again.
func TestVerifyReplay(t *testing.T) {
	app := newApplication(t)
	server := serve(t, app.site(""))
	for status, again := range map[int]bool{200: false, 204: false, 302: false, 400: false, 404: false, 429: false, 499: true, 500: true, 502: true, 503: true, 599: true} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			body := webhook(0)
			app.status.Store(int32(status))
			if got := postWebhook(t, server, body); got.StatusCode != status {
				t.Fatalf("got %d %s", got.StatusCode, got.Body)
			}
			app.status.Store(http.StatusOK)
			if again {
				assertStatus(t, postWebhook(t, server, body), 200)
			}
			for _, server := range []*httptest.Server{server, serve(t, app.site(""))} {
				postWebhook(t, server, body).assertProblem(t, caddymodule.WebhookReplayed, "dfns")
				upper := "sha256=" + strings.ToUpper(strings.TrimPrefix(webhookSignature(webhookSecret, body), "sha256="))
				postWebhook(t, server, body, "X-Dfns-Webhook-Signature: "+upper).assertProblem(t, caddymodule.WebhookReplayed, "dfns")
			}
		})
	}
}

// TestVerifyReplayOfErrors has handlers that answer by an error, or not at all.
func TestVerifyReplayOfErrors(t *testing.T) {
	app := newApplication(t)
	server := serve(t, app.site(""))
	for next, again := range map[string]bool{
		"respond accepted":                      false,
		"respond 500":                           true,
		"vars a b":                              false, // nothing answers: Caddy does, with 200
		"error 404":                             false,
		"error 500":                             true,
		"reverse_proxy " + closedPort(t):        true,
		"partner_proxy http://" + closedPort(t): true,
		"abort":                                 true,
		"handle {\nerror 503\n}":                true,
		"handle {\nrespond 202\n}":              false,
		"error 503\nhandle_errors {\nrespond sorry 200\n}": true,
		"reverse_proxy " + deaf(t) + " {\n\n}":             true,
	} {
		t.Run(next, func(t *testing.T) {
			body := webhook(0)
			other := serve(t, site("partnersign_verify dfns {\nsecret {env.DFNS_WEBHOOK_SECRET}\n}\n"+next))
			req, err := http.NewRequest(http.MethodPost, other.URL, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-DFNS-WEBHOOK-SIGNATURE", webhookSignature(webhookSecret, body))
			if res, err := other.Client().Do(req); err == nil { // abort answers nothing
				_ = res.Body.Close()
			}
			got := postWebhook(t, server, body)
			if again {
				assertStatus(t, got, 200)
				return
			}
			got.assertProblem(t, caddymodule.WebhookReplayed, "dfns")
		})
	}
}

// deaf is the address of a server that closes connections without an answer.
func deaf(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// TestVerifyOnce posts the same webhook many times at once: the application has
// it once, and the others are told so while it still works.
func TestVerifyOnce(t *testing.T) {
	const senders = 20
	t.Setenv("DFNS_WEBHOOK_SECRET", webhookSecret)
	others := make(chan struct{})
	var delivered atomic.Int32
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		delivered.Add(1)
		<-others
	}))
	defer app.Close()
	server := serve(t, site("partnersign_verify dfns {\nsecret {env.DFNS_WEBHOOK_SECRET}\n}\nreverse_proxy "+app.Listener.Addr().String()))
	body := webhook(0)
	statuses := make(chan int, senders)
	for range senders {
		go func() { statuses <- postWebhook(t, server, body).StatusCode }()
	}
	for range senders - 1 {
		if status := <-statuses; status != 409 {
			t.Errorf("got %d beside the one that passed", status)
		}
	}
	close(others)
	if status := <-statuses; status != 200 || delivered.Load() != 1 {
		t.Errorf("the one that passed got %d, and the application %d", status, delivered.Load())
	}
}

// TestVerifySenderLeaves while the application works: nobody knows what it did,
// so the webhook may come again.
func TestVerifySenderLeaves(t *testing.T) {
	t.Setenv("DFNS_WEBHOOK_SECRET", webhookSecret)
	arrived := make(chan struct{}, 2)
	first := true
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		arrived <- struct{}{}
		if first {
			first = false
			<-r.Context().Done()
		}
	}))
	defer app.Close()
	server := serve(t, site("partnersign_verify dfns {\nsecret {env.DFNS_WEBHOOK_SECRET}\n}\nreverse_proxy "+app.Listener.Addr().String()))
	body := webhook(0)
	conn := dialWebhook(t, server, body, "Content-Length: "+strconv.Itoa(len(body)))
	_, _ = io.WriteString(conn, body)
	<-arrived
	_ = conn.Close()
	eventually(t, func() bool { return postWebhook(t, server, body).StatusCode == 200 })
}

// TestVerifyRemembersNoMore refuses what it could not recognise.
func TestVerifyRemembersNoMore(t *testing.T) {
	app := newApplication(t)
	server := serve(t, app.site(""))
	caddymodule.RememberWebhooks(t, 1)
	body := webhook(0)
	assertStatus(t, postWebhook(t, server, body), 200)
	got := postWebhook(t, server, webhook(0))
	got.assertProblem(t, caddymodule.WebhooksExceeded, "dfns")
	if got.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After is %q", got.Header.Get("Retry-After"))
	}
	postWebhook(t, server, body).assertProblem(t, caddymodule.WebhookReplayed, "dfns")
}
