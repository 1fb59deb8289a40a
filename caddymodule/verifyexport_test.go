package caddymodule

import "github.com/partnersign/partnersign/signer/dfns"

// BodyMemory is the memory of bodies, for tests to fill.
var BodyMemory = bodyMemory

// RememberWebhooks has limit webhooks remembered until the test is over.
func RememberWebhooks(t interface{ Cleanup(func()) }, limit int) {
	before := webhooks
	webhooks = dfns.NewWebhookMemory(limit)
	t.Cleanup(func() { webhooks = before })
}
