package partnertest

import (
	"crypto/ecdsa"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	offBlocksKey    = "d04953b7-5878-4fd0-8970-0a5f77fbce59"
	offBlocksSecret = "secret-canary"
)

// An offBlocksCaller is a client of OffBlocks that signs by hand: it is written after the
// documentation, apart from the code that checks it.
type offBlocksCaller struct {
	*OffBlocks
	t      testing.TB
	client *http.Client
	pair   pair
	token  string
	now    func() time.Time
}

// newOffBlocksCaller starts an OffBlocks that knows a key, and a caller who has it and a
// token.
func newOffBlocksCaller(t testing.TB, opts OffBlocksOptions) *offBlocksCaller {
	t.Helper()
	c := &offBlocksCaller{t: t, pair: newPair(t, "ecdsa-p384-sha384"), now: time.Now}
	opts.APIKey, opts.APISecret = offBlocksKey, offBlocksSecret
	opts.Key = c.pair.key.Public.(*ecdsa.PublicKey)
	if opts.Now != nil {
		c.now = opts.Now
	}
	c.OffBlocks = NewOffBlocks(t, opts)
	c.client = c.Client()
	c.token = c.newToken()
	return c
}

func (c *offBlocksCaller) newToken() string {
	c.t.Helper()
	answer := c.mustSend(c.tokenRequest(offBlocksSecret))
	token, _ := answer.object["token"].(string)
	if answer.StatusCode != 200 || token == "" {
		c.t.Fatalf("%d %s", answer.StatusCode, answer.text)
	}
	return token
}

func (c *offBlocksCaller) tokenRequest(secret string) *http.Request {
	body := fmt.Sprintf(`{"apiKey":%q,"apiSecret":%q}`, offBlocksKey, secret)
	return c.plain("POST", "/v1/auth/token", body)
}

// plain makes a request without authentication.
func (c *offBlocksCaller) plain(method, target, body string) *http.Request {
	c.t.Helper()
	request, err := http.NewRequest(method, c.URL()+target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return request
}

// A draft is a request before it is signed, for tests to change.
type draft struct {
	request    *http.Request
	components []string
	params     string // after created
	created    int64
	label      string
	alter      func(signature []byte) []byte
}

// draft makes a request that is in order.
func (c *offBlocksCaller) draft(method, target, body string) *draft {
	d := &draft{request: c.plain(method, target, body), label: "sig", created: c.now().Unix()}
	d.request.Header.Set("Authorization", "Bearer "+c.token)
	d.components = []string{"@method", "@target-uri", "authorization"}
	d.params = fmt.Sprintf(`;keyid=%q;alg="ecdsa-p384-sha384"`, c.KeyID())
	if method == "GET" {
		return d
	}
	d.request.Header.Set("Idempotency-Key", uuid.NewString())
	d.components = append(d.components, "idempotency-key")
	if body != "" {
		sum := sha512.Sum512([]byte(body))
		d.request.Header.Set("Content-Digest", "sha-512=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
		d.components = append(d.components, "content-digest", "content-type")
	}
	return d
}

// sign signs a draft.
func (c *offBlocksCaller) sign(d *draft) *http.Request {
	c.t.Helper()
	var base strings.Builder
	for _, name := range d.components {
		value := strings.Join(d.request.Header.Values(name), ", ")
		switch name {
		case "@method":
			value = d.request.Method
		case "@target-uri":
			value = d.request.URL.String()
		}
		fmt.Fprintf(&base, "%q: %s\n", name, value)
	}
	input := `("` + strings.Join(d.components, `" "`) + `")` + fmt.Sprintf(";created=%d", d.created) + d.params
	fmt.Fprintf(&base, `"@signature-params": %s`, input)
	signature := c.pair.sign(c.t, base.String())
	if d.alter != nil {
		signature = d.alter(signature)
	}
	d.request.Header.Set("Signature-Input", d.label+"="+input)
	d.request.Header.Set("Signature", d.label+"=:"+base64.StdEncoding.EncodeToString(signature)+":")
	return d.request
}

// call makes a signed call.
func (c *offBlocksCaller) call(method, target, body string) callAnswer {
	c.t.Helper()
	return c.mustSend(c.sign(c.draft(method, target, body)))
}

// keyed makes a signed call with an idempotency key.
func (c *offBlocksCaller) keyed(key, method, target, body string) callAnswer {
	c.t.Helper()
	d := c.draft(method, target, body)
	d.request.Header.Set("Idempotency-Key", key)
	return c.mustSend(c.sign(d))
}

func (c *offBlocksCaller) mustSend(request *http.Request) callAnswer {
	c.t.Helper()
	return mustSend(c.t, c.client, request)
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}
