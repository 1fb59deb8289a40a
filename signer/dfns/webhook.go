package dfns

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// WebhookSignatureHeader brings the signature of a webhook: sha256= and the
// HMAC-SHA256 of the body in hexadecimal.
const WebhookSignatureHeader = "X-Dfns-Webhook-Signature"

// DefaultWebhookTolerance is how far the time at which a webhook was sent may
// be from ours, before or after.
const DefaultWebhookTolerance = 300 * time.Second

// DefaultWebhookMemory is how many webhooks a WebhookMemory remembers unless
// told otherwise: a hundred a second, for the ten minutes that the default
// tolerance asks for, in about 10 MB.
const DefaultWebhookMemory = 1 << 16

// What is wrong with a webhook. The errors of this package wrap one of these
// and quote neither the webhook nor a secret.
var (
	// ErrWebhookUnverified: nothing proves that Dfns sent it, or when.
	ErrWebhookUnverified = errors.New("the webhook is not verified")
	// ErrWebhookStale: Dfns sent it, but too long ago, or in the future.
	ErrWebhookStale = errors.New("the webhook is not fresh")
	// ErrWebhookReplayed: it has been claimed before.
	ErrWebhookReplayed = errors.New("the webhook has been here before")
	// ErrWebhookMemoryFull: no more webhooks can be remembered now.
	ErrWebhookMemoryFull = errors.New("too many webhooks are remembered")
)

// A WebhookMAC is the HMAC-SHA256 that came with a webhook. Once it is verified
// it stands for the body and the secret together: no other pair has the same.
type WebhookMAC [sha256.Size]byte

// ParseWebhookMAC reads the signature header, which must be there once.
func ParseWebhookMAC(header http.Header) (mac WebhookMAC, err error) {
	values := header.Values(WebhookSignatureHeader)
	if len(values) == 1 {
		digits, ok := strings.CutPrefix(values[0], "sha256=")
		if ok && len(digits) == hex.EncodedLen(len(mac)) {
			if _, err := hex.Decode(mac[:], []byte(digits)); err == nil {
				return mac, nil
			}
		}
	}
	return WebhookMAC{}, fmt.Errorf("%w: X-DFNS-WEBHOOK-SIGNATURE must be there once, as sha256= and 64 hexadecimal digits", ErrWebhookUnverified)
}

// VerifyWebhook verifies a webhook by its headers and its body as it arrived.
// Any of the secrets may have signed it, so that one can follow another. The
// body's timestampSent must be within tolerance of now; 0 is
// DefaultWebhookTolerance. The error is ErrWebhookUnverified or
// ErrWebhookStale.
//
// A webhook that passes here passes again: WebhookMemory tells the second time
// from the first.
func VerifyWebhook(secrets []string, header http.Header, body []byte, now time.Time, tolerance time.Duration) (WebhookMAC, error) {
	mac, err := ParseWebhookMAC(header)
	if err != nil {
		return WebhookMAC{}, err
	}
	if !mac.signs(secrets, body) {
		return WebhookMAC{}, fmt.Errorf("%w: its signature was made with another secret or for another body", ErrWebhookUnverified)
	}
	sent, err := webhookSent(body)
	if err != nil {
		return WebhookMAC{}, err
	}
	if tolerance <= 0 {
		tolerance = DefaultWebhookTolerance
	}
	if age := float64(now.UnixMicro())/1e6 - sent; math.Abs(age) > tolerance.Seconds() {
		return WebhookMAC{}, fmt.Errorf("%w: this machine's clock is %+.6g seconds from its timestampSent, and %v either way are tolerated", ErrWebhookStale, age, tolerance)
	}
	return mac, nil
}

// signs reports whether one of the secrets makes this HMAC of body. An empty
// secret, which anybody knows, never does.
func (m WebhookMAC) signs(secrets []string, body []byte) bool {
	for _, secret := range secrets {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write(body)
		if secret != "" && hmac.Equal(h.Sum(nil), m[:]) {
			return true
		}
	}
	return false
}

// webhookSent is when the webhook with this body was sent, in Unix seconds.
func webhookSent(body []byte) (float64, error) {
	var event struct {
		Sent sentTimes `json:"timestampSent"`
	}
	if json.Unmarshal(body, &event) != nil {
		return 0, fmt.Errorf("%w: its body is not a JSON object with the number timestampSent", ErrWebhookUnverified)
	}
	if len(event.Sent) != 1 {
		return 0, fmt.Errorf("%w: its body has timestampSent %d times", ErrWebhookUnverified, len(event.Sent))
	}
	return event.Sent[0], nil
}

// sentTimes are all the values of timestampSent. Of a name that is there twice,
// in whatever letter case, readers of JSON take the first, the last or none
// (RFC 8259 section 4): what was checked would not be what is used.
type sentTimes []float64

// UnmarshalJSON is called for each occurrence.
func (s *sentTimes) UnmarshalJSON(number []byte) error {
	sent, err := strconv.ParseFloat(string(number), 64)
	*s = append(*s, sent)
	return err
}

// A WebhookMemory remembers which webhooks were here, so that each passes once.
// It is safe for concurrent use and shall live as long as the process.
//
// It has room for so many and no more. When it is full it refuses, as to forget
// the oldest would let that pass a second time, whereas Dfns sends a refused
// one again. Only what Dfns has signed is remembered, so nobody else fills it.
type WebhookMemory struct {
	limit int

	mu     sync.Mutex
	claims map[WebhookMAC]*webhookClaim
	swept  time.Time // when expired claims were last removed
}

// A webhookClaim is remembered until its time.
type webhookClaim struct{ until time.Time }

// isOver asks both clocks: the wall clock says whether the webhook is fresh, and
// what has aged because that clock was set ahead is fresh again when it is set
// back.
func (c *webhookClaim) isOver(now time.Time) bool {
	return now.After(c.until) && now.Round(0).After(c.until.Round(0))
}

// NewWebhookMemory makes a memory for limit webhooks; 0 means
// DefaultWebhookMemory.
func NewWebhookMemory(limit int) *WebhookMemory {
	if limit <= 0 {
		limit = DefaultWebhookMemory
	}
	return &WebhookMemory{limit: limit, claims: map[WebhookMAC]*webhookClaim{}}
}

// Claim takes a verified webhook: of all who claim the same one, only the first
// gets it, and the others get ErrWebhookReplayed. It is remembered for keep,
// which must be twice the tolerance or more: it may have been sent up to one
// tolerance in the future, and stays fresh for another. release gives it back,
// so that it may pass again: for a webhook that was not delivered.
func (m *WebhookMemory) Claim(mac WebhookMAC, now time.Time, keep time.Duration) (release func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if c := m.claims[mac]; c != nil && !c.isOver(now) {
		return nil, ErrWebhookReplayed
	}
	if len(m.claims) >= m.limit {
		return nil, ErrWebhookMemoryFull
	}
	c := &webhookClaim{now.Add(keep)}
	m.claims[mac] = c
	return func() { m.release(mac, c) }, nil
}

// release removes the claim, unless another has taken its place.
func (m *WebhookMemory) release(mac WebhookMAC, c *webhookClaim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.claims[mac] == c {
		delete(m.claims, mac)
	}
}

// sweep removes what has expired, at most once a second.
func (m *WebhookMemory) sweep(now time.Time) {
	if now.Sub(m.swept).Abs() < time.Second {
		return
	}
	m.swept = now
	maps.DeleteFunc(m.claims, func(_ WebhookMAC, c *webhookClaim) bool { return c.isOver(now) })
}
