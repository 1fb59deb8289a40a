package partnertest

import (
	"strings"
	"testing"
	"time"
)

// TestDynamicFlow: a flow goes from its making to its broadcast, on each protocol.
func TestDynamicFlow(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		c := newDynamicCaller(t, DynamicOptions{Options: Options{Protocols: []string{protocol}}})
		path, id := c.flow()
		answer := answeredWith(t, c.call("POST", path+"/source", `{"sourceType":"wallet"}`), 200)
		token, _ := answer.object["sessionToken"].(string)
		text, _ := answer.object["sessionExpiresAt"].(string)
		expires, err := time.Parse(time.RFC3339, text)
		if left := time.Until(expires); err != nil || left < 59*time.Minute || left > time.Hour || answer.at("flow", "id") != id {
			t.Errorf("answered %s, %v", answer.text, err)
		}
		if token == "" || c.SessionToken(id) != token {
			t.Errorf("the token is %q, and %q is alive", token, c.SessionToken(id))
		}
		for _, step := range []string{"quote", "prepare", "broadcast"} {
			answer := answeredWith(t, c.call("POST", path+"/"+step, `{}`, flowHeader, token), 200)
			if strings.Contains(answer.text, token) {
				t.Errorf("%s tells the token again", step)
			}
		}
		read := answeredWith(t, c.call("GET", path, ""), 200)
		if read.object["executionState"] != "broadcasted" || strings.Contains(read.text, token) {
			t.Errorf("read %s", read.text)
		}
		answeredWith(t, c.call("GET", strings.Replace(path, "/sdk", "/server", 1), "", "Authorization", "Bearer "+dynamicToken), 200)
		if c.Flows() != 1 || c.Sessions() != 1 || c.SessionToken(id) != "" || len(c.Refusals()) != 0 || c.Overlap() != 1 || c.Repeats() != 0 {
			t.Errorf("%d flows, %d sessions, %v", c.Flows(), c.Sessions(), c.Refusals())
		}
	}
}

// TestDynamicTransaction: the older form mints with the making, and its source does not.
func TestDynamicTransaction(t *testing.T) {
	c := newDynamicCaller(t, DynamicOptions{})
	made := answeredWith(t, c.call("POST", "/sdk"+dynamicEnv+"/checkouts/co-1/transactions", `{"amount":"5"}`), 201)
	token, _ := made.object["sessionToken"].(string)
	id, _ := made.at("transaction", "id").(string)
	path := "/sdk" + dynamicEnv + "/transactions/" + id
	for _, step := range []string{"source", "quote", "prepare"} {
		refusedWith(t, c.Refusals, c.call("POST", path+"/"+step, `{}`), 401, "0 "+oldHeader)
		refusedWith(t, c.Refusals, c.call("POST", path+"/"+step, `{}`, flowHeader, token), 400, flowHeader+" is on")
		answer := answeredWith(t, c.call("POST", path+"/"+step, `{}`, oldHeader, token), 200)
		if answer.object["sessionToken"] != nil {
			t.Errorf("%s minted: %s", step, answer.text)
		}
	}
	answeredWith(t, c.call("GET", path, ""), 200)
	answeredWith(t, c.call("POST", path+"/cancel", "", oldHeader, token), 200)
	refusedWith(t, c.Refusals, c.call("POST", path+"/broadcast", `{}`, oldHeader, token), 401, "none is alive")
	refusedWith(t, c.Refusals, c.call("GET", strings.Replace(path, "/transactions/", "/flow/", 1), ""), 404, "There is no flow")
}

// TestDynamicBearer: API tokens go to /server, and nowhere else.
func TestDynamicBearer(t *testing.T) {
	c := newDynamicCaller(t, DynamicOptions{})
	const target = "/server" + dynamicEnv + "/flow/deposit"
	refusedWith(t, c.Refusals, c.call("POST", target, `{}`), 401, "0 Authorization fields")
	refusedWith(t, c.Refusals, c.call("POST", target, `{}`, "Authorization", "Bearer dyn_other"), 401, "not one that is valid")
	refusedWith(t, c.Refusals, c.call("POST", target, `{}`, "Authorization", "Basic YTpi"), 401, "does not begin with")
	refusedWith(t, c.Refusals, c.call("GET", "/environments"+dynamicEnv+"/users", ""), 401, "0 Authorization fields")
	path, _ := c.flow()
	for _, call := range [][]string{{"POST", path + "/source", "{}"}, {"GET", path, ""}} {
		refusedWith(t, c.Refusals, c.call(call[0], call[1], call[2], "Authorization", "Bearer "+dynamicToken), 403, "An API token, dyn_…, came to")
	}
	token := c.attach(path, "Authorization", "Bearer of-the-client")
	refusedWith(t, c.Refusals, c.call("POST", path+"/quote", `{}`, flowHeader, token, "Authorization", "Bearer "+dynamicToken), 403, "An API token")
	for _, refusal := range c.Refusals() {
		if strings.Contains(refusal.Reason, "canary") || strings.Contains(refusal.Reason, token) {
			t.Errorf("a reason tells a token: %s", refusal.Reason)
		}
	}
}

// TestDynamicSDKBearer: an option asks for a bearer where a token is minted.
func TestDynamicSDKBearer(t *testing.T) {
	for _, bearer := range []string{"sdk", dynamicToken} {
		c := newDynamicCaller(t, DynamicOptions{SDKBearer: bearer})
		path, _ := c.flow()
		for _, target := range []string{path + "/source", "/sdk" + dynamicEnv + "/checkouts/co-1/transactions"} {
			refusedWith(t, c.Refusals, c.call("POST", target, `{}`), 401, "0 Authorization fields")
			refusedWith(t, c.Refusals, c.call("POST", target, `{}`, "Authorization", "Bearer x"), 401, "not one that is valid")
			refusedWith(t, c.Refusals, c.call("POST", target, `{}`, "Authorization", "Bearer dyn_x"), 403, "An API token")
		}
		token := c.attach(path, "Authorization", "Bearer "+bearer)
		answeredWith(t, c.call("POST", path+"/quote", `{}`, flowHeader, token), 200)
	}
}

// TestDynamicTokenChange: two API tokens are valid while one replaces the other.
func TestDynamicTokenChange(t *testing.T) {
	c := newDynamicCaller(t, DynamicOptions{Tokens: []string{dynamicToken, "dyn_2"}})
	post := func(token string) callAnswer {
		return c.call("POST", "/server"+dynamicEnv+"/flow/withdraw", `{}`, "Authorization", "Bearer "+token)
	}
	answeredWith(t, post(dynamicToken), 201)
	answeredWith(t, post("dyn_2"), 201)
	if err := c.SetTokens("dyn_2"); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, c.Refusals, post(dynamicToken), 401, "not one that is valid")
	answeredWith(t, post("dyn_2"), 201)
}

// TestDynamicForm: what no call may be like.
func TestDynamicForm(t *testing.T) {
	c := newDynamicCaller(t, DynamicOptions{})
	path, _ := c.flow()
	refusedWith(t, c.Refusals, c.call("POST", path+"/source", `[]`), 400, "not a JSON object")
	refusedWith(t, c.Refusals, c.call("GET", path, `{}`), 400, "GET has a body")
	wrong := c.request("POST", path+"/source", `{}`)
	wrong.Header.Set("Content-Type", "text/plain")
	refusedWith(t, c.Refusals, mustSend(t, c.client, wrong), 415, "application/json was expected")
	refusedWith(t, c.Refusals, c.call("POST", path+"/sign", `{}`), 404, "There is no POST")
	refusedWith(t, c.Refusals, c.call("POST", "/server"+dynamicEnv+"/flow/loan", `{}`, "Authorization", "Bearer "+dynamicToken), 404, "none of payment")
	refusedWith(t, c.Refusals, c.call("GET", "/nowhere", ""), 404, "There is no GET")
	request := c.request("GET", path, "")
	request.URL.Path = strings.TrimPrefix(request.URL.Path, "/api/v0")
	refusedWith(t, c.Refusals, mustSend(t, c.client, request), 404, "There is no GET")
}

func TestStartDynamicRefuses(t *testing.T) {
	for _, test := range []struct {
		opts DynamicOptions
		want string
	}{
		{DynamicOptions{}, "needs a token"},
		{DynamicOptions{Tokens: []string{"dyn_a", "b"}}, "token 2 of Dynamic does not begin with dyn_"},
		{DynamicOptions{Tokens: []string{"dyn_a"}, Options: Options{Protocols: []string{"http/2"}}}, "none of http/1.1"},
	} {
		if _, err := StartDynamic(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
