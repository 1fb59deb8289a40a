package dfns_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer/dfns"
)

// FuzzParseWebhookMAC: only the one spelling is read, and it says what
// encoding/hex makes of it. A webhook with any other MAC is not verified.
func FuzzParseWebhookMAC(f *testing.F) {
	right := webhookHeader(webhookSecret, "{}").Get("X-Dfns-Webhook-Signature")
	for _, seed := range []string{right, strings.ToUpper(right), "sha256=", "", right[:70], right + "0", " " + right, "sha512=" + right[7:], "sha256=" + strings.Repeat("g", 64)} {
		f.Add(seed, []byte("{}"))
	}
	f.Fuzz(func(t *testing.T, value string, body []byte) {
		header := http.Header{"X-Dfns-Webhook-Signature": {value}}
		mac, err := dfns.ParseWebhookMAC(header)
		digits, prefixed := strings.CutPrefix(value, "sha256=")
		want, bad := hex.DecodeString(digits)
		if wellFormed := prefixed && bad == nil && len(want) == 32; wellFormed != (err == nil) || wellFormed && string(mac[:]) != string(want) {
			t.Fatalf("%q: %x, %v", value, mac, err)
		}
		if _, err := dfns.ParseWebhookMAC(http.Header{"X-Dfns-Webhook-Signature": {value, value}}); err == nil {
			t.Fatal("it is read when it is there twice")
		}
		made := webhookHeader(webhookSecret, string(body)).Get("X-Dfns-Webhook-Signature")
		_, err = dfns.VerifyWebhook([]string{"", webhookSecret}, header, body, webhookTime, 0)
		if err == nil && !strings.EqualFold(made, value) {
			t.Fatalf("%q is verified for %q", value, body)
		}
	})
}
