package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// In front of the application's route, partnersign_verify lets through what Dfns
// has signed, a moment ago, for the first time.
func TestDfnsWebhooks(t *testing.T) {
	var delivered atomic.Int64
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if at(string(body), "kind") != "wallet.transfer.confirmed" || r.URL.Path != "/webhooks/dfns" {
			t.Errorf("the application got %s %s", r.URL, body)
		}
		delivered.Add(1)
	}))
	defer application.Close()
	p := dfnsSetup{Site: "handle /webhooks/dfns {\npartnersign_verify dfns {\nsecret {file.DIR/token}\nsecret {env.DFNS_APP_SECRET}\n}\nreverse_proxy " +
		application.Listener.Addr().String() + "\n}\nhandle {\nBLOCK}\n"}.start(t)

	deliver := func(secret string, event partnertest.DfnsEvent, change ...func(*http.Request)) answer {
		t.Helper()
		event.Kind = "wallet.transfer.confirmed"
		req, err := p.WebhookRequest(p.URL+"/webhooks/dfns", secret, event)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range change {
			c(req)
		}
		res, err := plainClient.Do(req)
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
	first := partnertest.DfnsEvent{ID: "whe-1", Date: time.Now(), Sent: time.Now()}
	deliver(dfnsAppSecret, first).ok(t)
	deliver(dfnsAppSecret, first).refused(t, 409, "webhook-replayed")
	deliver("another secret", partnertest.DfnsEvent{}).refused(t, 403, "webhook-unverified")
	deliver(dfnsAppSecret, partnertest.DfnsEvent{}, func(r *http.Request) { r.Header.Del("X-DFNS-WEBHOOK-SIGNATURE") }).refused(t, 403, "webhook-unverified")
	for _, sent := range []time.Duration{-301 * time.Second, 310 * time.Second} {
		deliver(dfnsAppSecret, partnertest.DfnsEvent{Sent: time.Now().Add(sent)}).refused(t, 403, "webhook-stale")
	}
	deliver(dfnsAppSecret, partnertest.DfnsEvent{Sent: time.Now().Add(-290 * time.Second)}).ok(t)
	if n := delivered.Load(); n != 2 {
		t.Errorf("the application got %d webhooks, want 2", n)
	}
	p.wallet() // what goes out is as ever
}
