package dfns_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/dfns"
)

// webhookTime is when the webhooks of these tests arrive.
var webhookTime = time.Unix(1701684142, 0)

const webhookSecret = "whs_canary"

// webhookHeader is what Dfns sends with a body.
func webhookHeader(secret, body string) http.Header {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(h, body)
	return http.Header{"X-Dfns-Webhook-Signature": {"sha256=" + hex.EncodeToString(h.Sum(nil))}}
}

// TestWebhookVector compares with what `openssl dgst -sha256 -hmac whs_canary`
// says of the body.
func TestWebhookVector(t *testing.T) {
	const body = `{"id":"whe-1","kind":"wallet.created","data":{},"timestampSent":1701684142}`
	header := http.Header{"X-Dfns-Webhook-Signature": {"sha256=5d790cdfa89c70731a82454e371cd1c75fbaa5d33a19b9669caeda3aa1053689"}}
	mac, err := dfns.VerifyWebhook([]string{webhookSecret}, header, []byte(body), webhookTime, 0)
	if err != nil || "sha256="+hex.EncodeToString(mac[:]) != header.Get(dfns.WebhookSignatureHeader) {
		t.Errorf("got %x, %v", mac, err)
	}
}

func TestWebhookSignature(t *testing.T) {
	const body = `{"timestampSent":1701684142}`
	right := webhookHeader(webhookSecret, body).Get(dfns.WebhookSignatureHeader)
	digits := strings.TrimPrefix(right, "sha256=")
	for name, test := range map[string]struct {
		secrets []string
		values  []string
		passes  bool
	}{
		"right":                 {[]string{webhookSecret}, []string{right}, true},
		"upper case":            {[]string{webhookSecret}, []string{"sha256=" + strings.ToUpper(digits)}, true},
		"the second secret":     {[]string{"another", webhookSecret}, []string{right}, true},
		"the first secret":      {[]string{webhookSecret, "another"}, []string{right}, true},
		"another secret":        {[]string{"another"}, []string{right}, false},
		"no secret":             {nil, []string{right}, false},
		"an empty secret":       {[]string{""}, webhookHeader("", body)["X-Dfns-Webhook-Signature"], false},
		"no header":             {[]string{webhookSecret}, nil, false},
		"empty":                 {[]string{webhookSecret}, []string{""}, false},
		"no digits":             {[]string{webhookSecret}, []string{"sha256="}, false},
		"twice":                 {[]string{webhookSecret}, []string{right, right}, false},
		"right and wrong":       {[]string{webhookSecret}, []string{right, "sha256=" + strings.Repeat("0", 64)}, false},
		"a list":                {[]string{webhookSecret}, []string{right + ", " + right}, false},
		"without its name":      {[]string{webhookSecret}, []string{digits}, false},
		"another name":          {[]string{webhookSecret}, []string{"sha512=" + digits}, false},
		"its name, upper case":  {[]string{webhookSecret}, []string{"SHA256=" + digits}, false},
		"shorter":               {[]string{webhookSecret}, []string{right[:len(right)-2]}, false},
		"longer":                {[]string{webhookSecret}, []string{right + "00"}, false},
		"a digit less":          {[]string{webhookSecret}, []string{right[:len(right)-1]}, false},
		"not hexadecimal":       {[]string{webhookSecret}, []string{"sha256=" + strings.Repeat("x", 64)}, false},
		"another digit":         {[]string{webhookSecret}, []string{"sha256=" + flipWebhookDigit(digits)}, false},
		"space":                 {[]string{webhookSecret}, []string{right + " "}, false},
		"the HMAC of no body":   {[]string{webhookSecret}, webhookHeader(webhookSecret, "")["X-Dfns-Webhook-Signature"], false},
		"the HMAC of a newline": {[]string{webhookSecret}, webhookHeader(webhookSecret, body+"\n")["X-Dfns-Webhook-Signature"], false},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"X-Dfns-Webhook-Signature": test.values}
			mac, err := dfns.VerifyWebhook(test.secrets, header, []byte(body), webhookTime, 0)
			if test.passes {
				if err != nil || hex.EncodeToString(mac[:]) != digits {
					t.Errorf("got %x, %v", mac, err)
				}
				return
			}
			if !errors.Is(err, dfns.ErrWebhookUnverified) || mac != (dfns.WebhookMAC{}) {
				t.Errorf("got %x, %v, want %v", mac, err, dfns.ErrWebhookUnverified)
			}
			assertWebhookError(t, err)
		})
	}
}

// flipWebhookDigit changes the last bit.
func flipWebhookDigit(digits string) string {
	raw, _ := hex.DecodeString(digits)
	raw[len(raw)-1] ^= 1
	return hex.EncodeToString(raw)
}

// assertWebhookError asserts that an error quotes neither secret nor body.
func assertWebhookError(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.Contains(err.Error(), "canary") || strings.ContainsAny(err.Error(), "{}")) {
		t.Errorf("the error quotes too much: %v", err)
	}
}

func TestWebhookTime(t *testing.T) {
	stale, unverified := dfns.ErrWebhookStale, dfns.ErrWebhookUnverified
	for _, test := range []struct {
		body      string
		tolerance time.Duration
		want      error
	}{
		{`{"timestampSent":1701684142}`, 0, nil},
		{`{"timestampSent":1701684142.000}`, 0, nil},
		{`{"timestampSent":1701684142.987}`, 0, nil},
		{`{"timestampSent":1.701684142e9}`, 0, nil},
		{`{"timestampSent":1701683842}`, 0, nil}, // 300 s before
		{`{"timestampSent":1701684442}`, 0, nil}, // 300 s after
		{`{"timestampSent":1701683841.999}`, 0, stale},
		{`{"timestampSent":1701684442.001}`, 0, stale},
		{`{"timestampSent":1701683841}`, 0, stale},
		{`{"timestampSent":1701684443}`, 0, stale},
		{`{"timestampSent":1701684142000}`, 0, stale}, // milliseconds
		{`{"timestampSent":0}`, 0, stale},
		{`{"timestampSent":-1701684142}`, 0, stale},
		{`{"timestampSent":1e300}`, 0, stale},
		{`{"timestampSent":1701684132}`, 10 * time.Second, nil},
		{`{"timestampSent":1701684131}`, 10 * time.Second, stale},
		{`{"timestampSent":1701680542}`, time.Hour, nil},
		{`{"timestampSent":1701684142}`, -1, nil}, // the default

		{``, 0, unverified},
		{`canary`, 0, unverified},
		{`timestampSent=1701684142`, 0, unverified},
		{`null`, 0, unverified},
		{`1701684142`, 0, unverified},
		{`"timestampSent"`, 0, unverified},
		{`[{"timestampSent":1701684142}]`, 0, unverified},
		{`{}`, 0, unverified},
		{`{"data":{"timestampSent":1701684142}}`, 0, unverified},
		{`{"timestampSent":1701684142`, 0, unverified},
		{`{"timestampSent":1701684142}}`, 0, unverified},
		{`{"timestampSent":1701684142} {"timestampSent":1701684142}`, 0, unverified},
		{`{"timestampSent":1701684142,}`, 0, unverified}, // as in Dfns' own example
		{`{"timestampSent":null}`, 0, unverified},
		{`{"timestampSent":"1701684142"}`, 0, unverified},
		{`{"timestampSent":true}`, 0, unverified},
		{`{"timestampSent":[1701684142]}`, 0, unverified},
		{`{"timestampSent":{"canary":1}}`, 0, unverified},
		{`{"timestampSent":01701684142}`, 0, unverified},
		{`{"timestampSent":+1701684142}`, 0, unverified},
		{`{"timestampSent":0x656d9a6e}`, 0, unverified},
		{`{"timestampSent":NaN}`, 0, unverified},
		{`{"timestampSent":Infinity}`, 0, unverified},
		{`{"timestampSent":1e999}`, 0, unverified},
		{`{"timestampSent":1701684142,"timestampSent":1701684142}`, 0, unverified},
		{`{"timestampSent":0,"data":{},"timestampSent":1701684142}`, 0, unverified},
		{`{"timestampSent":1701684142,"timestampSent":null}`, 0, unverified},
		{`{"timestampSent":null,"timestampSent":1701684142}`, 0, unverified},
		{`{"timestampSent":1701684142,"timestamp\u0053ent":1701684142}`, 0, unverified},
		{`{"timestampSent":1701684142,"TimestampSent":1701684142}`, 0, unverified},
		{strings.Repeat("[", 1<<20), 0, unverified},
		{`{"timestampSent":1701684142,"data":` + strings.Repeat("[", 1<<20), 0, unverified},
	} {
		name := test.body[:min(len(test.body), 80)]
		t.Run(name, func(t *testing.T) {
			_, err := dfns.VerifyWebhook([]string{webhookSecret}, webhookHeader(webhookSecret, test.body), []byte(test.body), webhookTime, test.tolerance)
			if !errors.Is(err, test.want) || err != nil && test.want == nil {
				t.Errorf("got %v, want %v", err, test.want)
			}
			assertWebhookError(t, err)
		})
	}
}

// FuzzWebhookTime has Dfns sign whatever body, and compares with a reader of
// its own, which goes from token to token.
func FuzzWebhookTime(f *testing.F) {
	for _, seed := range []string{
		`{"id":"whe-1","kind":"wallet.created","data":{"timestampSent":7},"timestampSent":1701684142}`,
		`{"timestampSent":1701684142.5,"x":[{},[],"timestampSent",1]}`,
		`{"timestampSent":1,"timestampSent":1701684142}`,
		`{"timestampSent":null,"timestampSent":1701684142}`,
		`{"timeſtampSent":1701684142}`, `{"timestampSent":1e999}`, `{"timestampSent":"1701684142"}`,
		`{} {}`, `[]`, `null`, ``, "\xff", `{"\ud800":1}`, `{"timestampSent":1701684142}x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := dfns.VerifyWebhook([]string{webhookSecret}, webhookHeader(webhookSecret, string(body)), body, webhookTime, 0)
		sent, ok := readWebhookTime(body)
		want := error(nil)
		switch {
		case !ok:
			want = dfns.ErrWebhookUnverified
		case math.Abs(sent-float64(webhookTime.Unix())) > 300:
			want = dfns.ErrWebhookStale
		}
		if !errors.Is(err, want) || err != nil && want == nil {
			t.Errorf("got %v, want %v", err, want)
		}
	})
}

// readWebhookTime finds the only timestampSent of an object.
func readWebhookTime(body []byte) (sent float64, ok bool) {
	if !json.Valid(body) || bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
		return 0, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	_, _ = d.Token()
	found := 0
	for d.More() {
		name, _ := d.Token()
		var value any
		if d.Decode(&value) != nil {
			return 0, false
		}
		if strings.EqualFold(name.(string), "timestampSent") {
			found++
			number, isNumber := value.(json.Number)
			var err error
			if sent, err = strconv.ParseFloat(number.String(), 64); !isNumber || err != nil {
				return 0, false
			}
		}
	}
	return sent, found == 1
}

func BenchmarkVerifyWebhook(b *testing.B) {
	body := `{"data":"` + strings.Repeat("x", 2000) + `","timestampSent":1701684142}`
	header, secrets := webhookHeader(webhookSecret, body), []string{webhookSecret}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dfns.VerifyWebhook(secrets, header, []byte(body), webhookTime, 0); err != nil {
			b.Fatal(err)
		}
	}
}
