package partnertest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDfnsNonceForm(t *testing.T) {
	const date = "2024-02-15T10:00:00.000Z"
	encode := base64.RawURLEncoding.EncodeToString
	for _, test := range []struct{ value, want string }{
		{encode([]byte(`{"uuid":"` + uuid1 + `","date":"` + date + `"}`)), ""},
		{encode([]byte(`{"uuid":"`+uuid1+`","date":"`+date+`"}`)) + "=", "without padding"},
		{`{"uuid":"` + uuid1 + `"}`, "it is not base64url"},
		{"", "it is not base64url"},
		{encode([]byte(`no json`)), "it is not a JSON object"},
		{encode([]byte(`{"uuid":"` + uuid1 + `"}`)), "date is missing"},
		{encode([]byte(`{"uuid":1,"date":"` + date + `"}`)), "uuid is not a string"},
		{encode([]byte(`{"date":"` + date + `","uuid":"` + uuid1 + `"}`)), "member by member and without spaces"},
		{encode([]byte(`{"uuid": "` + uuid1 + `", "date": "` + date + `"}`)), "member by member and without spaces"},
		{encode([]byte(`{"uuid":"` + uuid1 + `","date":"` + date + `","more":1}`)), "member by member and without spaces"},
		{encode([]byte(`{"uuid":"` + strings.ToUpper(uuid1) + `","date":"` + date + `"}`)), "not a UUID of version 4"},
		{encode([]byte(`{"uuid":"018fd7e2-2f0a-7c8e-9a53-8a5d9a3f1c11","date":"` + date + `"}`)), "not a UUID of version 4"},
		{encode([]byte(`{"uuid":"thirteen-or-more","date":"` + date + `"}`)), "not a UUID of version 4"},
		{encode([]byte(`{"uuid":"` + uuid1 + `","date":"2024-02-15T10:00:00Z"}`)), "is not a time like"},
		{encode([]byte(`{"uuid":"` + uuid1 + `","date":"2024-02-15T10:00:00.000+00:00"}`)), "is not a time like"},
		{encode([]byte(`{"uuid":"` + uuid1 + `","date":"2024-02-15T10:00:00,000Z"}`)), "is not a time like"},
		{encode([]byte(`{"uuid":"` + uuid1 + `","date":"2024-02-15T10:00:00.000000Z"}`)), "is not a time like"},
	} {
		_, _, err := parseDfnsNonce(test.value)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.value, err, test.want)
		}
	}
}

func TestDfnsNonceAge(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	c := newDfnsCaller(t, DfnsOptions{
		Options: Options{Now: func() time.Time { return now }},
		App:     &DfnsApp{ID: "ap-1", RequireNonce: true},
	})
	for i, test := range []struct {
		age    time.Duration
		reason string
	}{
		{5 * time.Minute, ""},
		{-5 * time.Minute, ""},
		{5*time.Minute + time.Millisecond, "its date is 5m0.001s from the time it is here"},
		{-5*time.Minute - time.Millisecond, "its date is 5m0.001s from the time it is here"},
	} {
		id := uuid1[:len(uuid1)-1] + string(rune('0'+i))
		c.change = func(r *http.Request) { r.Header.Set("X-DFNS-NONCE", newTestNonce(id, now.Add(-test.age))) }
		answer := c.call("GET", "/wallets", "")
		if test.reason != "" {
			c.refusedWith(answer, 401, test.reason)
		} else if answer.StatusCode != 200 {
			t.Errorf("%s: %s", test.age, answer.text)
		}
	}
	c.change = func(r *http.Request) { r.Header.Del("X-DFNS-NONCE") }
	c.refusedWith(c.call("GET", "/wallets", ""), 401, "There are 0 X-DFNS-NONCE fields")
}

// TestDfnsNonceOnce: a nonce is spent by every call, be it refused or failed, on whatever
// path.
func TestDfnsNonceOnce(t *testing.T) {
	for _, first := range []struct {
		name string
		opts DfnsOptions
		spot func(*http.Request)
	}{
		{"answered", DfnsOptions{}, func(*http.Request) {}},
		{"refused", DfnsOptions{}, func(r *http.Request) { r.Header.Del("Authorization") }},
		{"failed", DfnsOptions{Fail: func(_ DfnsStage, n int, _ *Request) DfnsFailure {
			return map[int]DfnsFailure{1: {Status: 503}}[n]
		}}, func(*http.Request) {}},
	} {
		t.Run(first.name, func(t *testing.T) {
			c := newDfnsCaller(t, first.opts)
			nonce := newTestNonce(uuid1, time.Now())
			c.change = func(r *http.Request) { r.Header.Set("X-DFNS-NONCE", nonce); first.spot(r) }
			c.call("GET", "/wallets", "")
			c.change = func(r *http.Request) { r.Header.Set("X-DFNS-NONCE", nonce) }
			c.call("GET", "/keys", "")
			c.refusedWith(c.call("GET", "/keys", ""), 401, "the uuid "+uuid1+" was seen before")
		})
	}
}
