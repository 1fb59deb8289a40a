package partnertest

import (
	"net/http"
	"strings"
	"testing"
)

const (
	dynamicToken = "dyn_token-canary"
	dynamicEnv   = "/95b11417-f18f-457f-8804-68e361f9164f"
	flowHeader   = "X-Dynamic-Flow-Session-Token"
	oldHeader    = "X-Dynamic-Checkout-Session-Token"
)

// A dynamicCaller is a client of Dynamic, and of all its calls.
type dynamicCaller struct {
	*Dynamic
	t      testing.TB
	client *http.Client
}

func newDynamicCaller(t testing.TB, opts DynamicOptions) *dynamicCaller {
	t.Helper()
	if opts.Tokens == nil {
		opts.Tokens = []string{dynamicToken}
	}
	d := NewDynamic(t, opts)
	return &dynamicCaller{d, t, d.Client()}
}

// request makes a request. Headers are names and values.
func (c *dynamicCaller) request(method, target, body string, headers ...string) *http.Request {
	c.t.Helper()
	request, err := http.NewRequest(method, c.URL()+"/api/v0"+target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return request
}

func (c *dynamicCaller) call(method, target, body string, headers ...string) callAnswer {
	c.t.Helper()
	return mustSend(c.t, c.client, c.request(method, target, body, headers...))
}

// flow makes a flow and returns its path below /sdk, and its id.
func (c *dynamicCaller) flow() (path, id string) {
	c.t.Helper()
	made := answeredWith(c.t, c.call("POST", "/server"+dynamicEnv+"/flow/payment", `{"amount":"5"}`, "Authorization", "Bearer "+dynamicToken), 201)
	id, _ = made.object["id"].(string)
	return "/sdk" + dynamicEnv + "/flow/" + id, id
}

// attach attaches a source and returns the session token.
func (c *dynamicCaller) attach(path string, headers ...string) string {
	c.t.Helper()
	answer := answeredWith(c.t, c.call("POST", path+"/source", `{}`, headers...), 200)
	token, _ := answer.object["sessionToken"].(string)
	if token == "" {
		c.t.Fatalf("answered %s", answer.text)
	}
	return token
}
