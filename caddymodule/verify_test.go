package caddymodule_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/caddymodule"
	"github.com/partnersign/partnersign/signer"
)

const webhookSecret = "whs_canary"

// An application stands behind the handler and keeps what it got.
type application struct {
	*httptest.Server
	status atomic.Int32 // what it answers with

	mu     sync.Mutex
	bodies []string
	last   *http.Request
}

func newApplication(t testing.TB) *application {
	t.Helper()
	t.Setenv("DFNS_WEBHOOK_SECRET", webhookSecret)
	a := new(application)
	a.status.Store(http.StatusOK)
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.bodies, a.last = append(a.bodies, string(body)), r
		w.WriteHeader(int(a.status.Load()))
	}))
	t.Cleanup(a.Close)
	return a
}

// got is what it got since it was last asked.
func (a *application) got() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	bodies := a.bodies
	a.bodies = nil
	return bodies
}

// site has the application behind partnersign_verify with these lines.
func (a *application) site(lines string) string {
	return site("partnersign_verify dfns {\nsecret {env.DFNS_WEBHOOK_SECRET}\n" + lines + "\n}\nreverse_proxy " + a.Listener.Addr().String())
}

var webhookIDs atomic.Int64

// webhook is the body of a new event that was sent that long ago.
func webhook(ago time.Duration) string {
	return fmt.Sprintf(`{"id":"whe-%d","kind":"wallet.created","data":{"note":"body-canary"},"timestampSent":%d}`,
		webhookIDs.Add(1), time.Now().Add(-ago).Unix())
}

func webhookSignature(secret, body string) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(h, body)
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}

// postWebhook posts a body as Dfns does, with other or more headers.
func postWebhook(t testing.TB, server *httptest.Server, body string, headers ...string) answer {
	t.Helper()
	return postWebhookFrom(t, server, strings.NewReader(body), body, headers...)
}

// postWebhookFrom sends the body from a reader, in chunks if it is no
// strings.Reader.
func postWebhookFrom(t testing.TB, server *httptest.Server, from io.Reader, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, server.URL+"/webhooks/dfns?x=y", from)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-DFNS-WEBHOOK-SIGNATURE", webhookSignature(webhookSecret, body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
		if value == "" {
			req.Header.Del(name)
		}
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(text)}
}

// assertStatus asserts which status the webhook got.
func assertStatus(t testing.TB, got answer, want int) {
	t.Helper()
	if got.StatusCode != want {
		t.Errorf("got %d %s, want %d", got.StatusCode, got.Body, want)
	}
}

func TestVerifyDelivers(t *testing.T) {
	app := newApplication(t)
	server := serve(t, app.site(""))
	for name, chunked := range map[string]bool{"with a length": false, "in chunks": true} {
		t.Run(name, func(t *testing.T) {
			body := webhook(0) + "\n" // to the byte, as it came
			var from io.Reader = strings.NewReader(body)
			if chunked {
				from = io.MultiReader(from)
			}
			assertStatus(t, postWebhookFrom(t, server, from, body, "X-Other: kept"), 200)
			if got := app.got(); len(got) != 1 || got[0] != body {
				t.Errorf("the application got %q, want %q", got, body)
			}
			if app.last.ContentLength != int64(len(body)) || len(app.last.TransferEncoding) > 0 {
				t.Errorf("the length is %d %v, want %d", app.last.ContentLength, app.last.TransferEncoding, len(body))
			}
			if app.last.RequestURI != "/webhooks/dfns?x=y" {
				t.Errorf("the application was asked for %s", app.last.RequestURI)
			}
			for name, want := range map[string]string{
				"Content-Type":             "application/json",
				"X-Dfns-Webhook-Signature": webhookSignature(webhookSecret, body),
				"X-Other":                  "kept",
			} {
				if got := app.last.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	app := newApplication(t)
	server := serve(t, app.site("tolerance 60s\nmax_body 300"))
	long := strings.Replace(webhook(0), "body-canary", strings.Repeat("x", 300), 1)
	for name, test := range map[string]struct {
		body    string
		headers []string
		kind    signer.Kind
	}{
		"no signature":         {webhook(0), []string{"X-Dfns-Webhook-Signature: "}, caddymodule.WebhookUnverified},
		"another secret":       {webhook(0), []string{"X-Dfns-Webhook-Signature: " + webhookSignature("another", "{}")}, caddymodule.WebhookUnverified},
		"no digits":            {webhook(0), []string{"X-Dfns-Webhook-Signature: sha256=canary"}, caddymodule.WebhookUnverified},
		"not JSON":             {"body-canary", nil, caddymodule.WebhookUnverified},
		"nothing":              {"", nil, caddymodule.WebhookUnverified},
		"without a time":       {`{"id":"whe-0"}`, nil, caddymodule.WebhookUnverified},
		"two times":            {`{"timestampSent":1,"timestampSent":2}`, nil, caddymodule.WebhookUnverified},
		"old":                  {webhook(62 * time.Second), nil, caddymodule.WebhookStale},
		"from the future":      {webhook(-62 * time.Second), nil, caddymodule.WebhookStale},
		"too long":             {long, nil, signer.BodyTooLarge},
		"too long, unsigned":   {long, []string{"X-Dfns-Webhook-Signature: "}, caddymodule.WebhookUnverified},
		"signature of another": {webhook(0), []string{"X-Dfns-Webhook-Signature: " + webhookSignature(webhookSecret, webhook(0))}, caddymodule.WebhookUnverified},
	} {
		t.Run(name, func(t *testing.T) {
			got := postWebhook(t, server, test.body, test.headers...)
			got.assertProblem(t, test.kind, "dfns")
			if strings.Contains(got.Body, "canary") {
				t.Errorf("the answer quotes the webhook: %s", got.Body)
			}
			if got.Header.Get("WWW-Authenticate") != "" {
				t.Error("there is a challenge that no webhook can meet")
			}
		})
	}
	t.Run("too long, in chunks", func(t *testing.T) {
		postWebhookFrom(t, server, io.MultiReader(strings.NewReader(long)), long).assertProblem(t, signer.BodyTooLarge, "dfns")
	})
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		req, err := http.NewRequest(method, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != 405 || res.Header.Get("Allow") != "POST" {
			t.Errorf("%s: got %d, Allow %q", method, res.StatusCode, res.Header.Get("Allow"))
		}
	}
	if got := app.got(); len(got) > 0 {
		t.Errorf("the application got %q", got)
	}
}

// TestVerifyRotation replaces one secret by another.
func TestVerifyRotation(t *testing.T) {
	app := newApplication(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("whs_next\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := serve(t, app.site("secret {file."+file+"}"))
	next := func() answer {
		body := webhook(0)
		return postWebhook(t, server, body, "X-Dfns-Webhook-Signature: "+webhookSignature("whs_next", body))
	}
	assertStatus(t, postWebhook(t, server, webhook(0)), 200)
	assertStatus(t, next(), 200)

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // files are looked at once a second
	assertStatus(t, postWebhook(t, server, webhook(0)), 200)
	got := next()
	got.assertProblem(t, signer.CredentialUnavailable, "dfns")
	if strings.Contains(got.Body, file) {
		t.Errorf("the answer names the file: %s", got.Body)
	}
}
