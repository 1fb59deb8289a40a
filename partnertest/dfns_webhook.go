package partnertest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"
)

// A DfnsEvent is what a webhook tells (docs.dfns.co/api-reference/webhook-events).
type DfnsEvent struct {
	ID   string // default: a new one
	Kind string // such as wallet.transfer.requested
	Data any    // what is encoded as JSON; default {}

	// Date is when it happened, and Sent when it is sent: timestampSent, in whole
	// seconds. Receivers refuse events sent more than five minutes ago. Default: now.
	Date, Sent time.Time

	// Attempt is the number of the delivery, from 1. Default 1.
	Attempt int
}

// WebhookRequest makes the request by which Dfns delivers an event to url, signed with the
// webhook's secret: X-DFNS-WEBHOOK-SIGNATURE is "sha256=" and the HMAC-SHA256 of the body
// in hex (docs.dfns.co/developers/webhooks). It fails when Data has no JSON, or url cannot
// be read.
func (d *Dfns) WebhookRequest(url, secret string, event DfnsEvent) (*http.Request, error) {
	now := d.opts.Now()
	if event.ID == "" {
		event.ID = newDfnsID("whe")
	}
	if event.Data == nil {
		event.Data = struct{}{}
	}
	if event.Date.IsZero() {
		event.Date = now
	}
	if event.Sent.IsZero() {
		event.Sent = now
	}
	body, err := marshal(struct {
		ID            string `json:"id"`
		Date          string `json:"date"`
		Kind          string `json:"kind"`
		Data          any    `json:"data"`
		TimestampSent int64  `json:"timestampSent"`
		Attempt       int    `json:"deliveryAttempt"`
	}{event.ID, event.Date.UTC().Format(isoTime), event.Kind, event.Data, event.Sent.Unix(), max(1, event.Attempt)})
	if err != nil {
		return nil, fmt.Errorf("partnertest: webhook event: %w", err)
	}
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("partnertest: webhook: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-DFNS-WEBHOOK-SIGNATURE", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return request, nil
}
