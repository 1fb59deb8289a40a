package partnertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestDfnsWebhook(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 789_000_000, time.UTC)
	d := NewDfns(t, DfnsOptions{Token: "a", Options: Options{Now: func() time.Time { return now }}})
	for _, test := range []struct {
		event DfnsEvent
		want  string
	}{
		{
			DfnsEvent{ID: "whe-1", Kind: "wallet.created", Data: map[string]any{"wallet": "<é&>"}},
			`{"id":"whe-1","date":"2026-02-03T04:05:06.789Z","kind":"wallet.created","data":{"wallet":"<é&>"},"timestampSent":1770091506,"deliveryAttempt":1}`,
		},
		{
			DfnsEvent{ID: "whe-1", Kind: "k", Date: now.Add(-time.Hour), Sent: now.Add(-10 * time.Minute), Attempt: 3},
			`{"id":"whe-1","date":"2026-02-03T03:05:06.789Z","kind":"k","data":{},"timestampSent":1770090906,"deliveryAttempt":3}`,
		},
	} {
		request, err := d.WebhookRequest("https://hooks.example/dfns", "webhook-secret", test.event)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil || string(body) != test.want {
			t.Errorf("body %s, %v", body, err)
		}
		mac := hmac.New(sha256.New, []byte("webhook-secret"))
		mac.Write(body)
		if got, want := request.Header.Get("X-DFNS-WEBHOOK-SIGNATURE"), fmt.Sprintf("sha256=%x", mac.Sum(nil)); got != want {
			t.Errorf("signature %s, want %s", got, want)
		}
		if request.Method != "POST" || request.URL.String() != "https://hooks.example/dfns" || request.Header.Get("Content-Type") != "application/json" ||
			request.ContentLength != int64(len(body)) {
			t.Errorf("request %+v", request)
		}
	}
	request, err := d.WebhookRequest("https://hooks.example", "s", DfnsEvent{})
	if err != nil {
		t.Fatal(err)
	}
	var event struct{ ID string }
	if json.NewDecoder(request.Body).Decode(&event); !strings.HasPrefix(event.ID, "whe-") {
		t.Errorf("id %q", event.ID)
	}
}

func TestDfnsWebhookRefuses(t *testing.T) {
	d := NewDfns(t, DfnsOptions{Token: "a"})
	if _, err := d.WebhookRequest("https://hooks.example", "s", DfnsEvent{Data: make(chan int)}); err == nil {
		t.Error("data without a JSON was encoded")
	}
	if _, err := d.WebhookRequest("://", "s", DfnsEvent{}); err == nil {
		t.Error("a URL that is none was taken")
	}
}
