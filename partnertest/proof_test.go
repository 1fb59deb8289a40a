package partnertest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestProofSession: a session is made and recorded, on each protocol, and its answer is
// told as it is.
func TestProofSession(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		c := newProofCaller(t, ProofOptions{Options: Options{Protocols: []string{protocol}}})
		const body = ` {"merchant_transaction_id":"m/1", "client_ip":"203.0.113.7"}`
		answer := c.session(body)
		c.session(`{}`)
		sessions := c.Sessions()
		if len(sessions) != 2 {
			t.Fatalf("%d sessions", len(sessions))
		}
		made := sessions[0]
		if answer.text != string(made.Answer) || made.ClientIP != "203.0.113.7" || made.TransactionID != "m/1" || string(made.Request.Body) != body {
			t.Errorf("answered %q, recorded %+v", answer.text, made)
		}
		if answer.object["init_token"] != made.InitToken || answer.object["merchant_transaction_id"] != "m/1" {
			t.Errorf("answered %s", answer.text)
		}
		written, _ := json.Marshal(answer.object)
		if bytes.Equal(written, made.Answer) || !strings.HasSuffix(answer.text, "\n \t\n") {
			t.Error("the answer is nothing that reading and writing it would change")
		}
		if sessions[1].ClientIP != "" || sessions[1].TransactionID == "" || sessions[1].InitToken == made.InitToken {
			t.Errorf("recorded %+v", sessions[1])
		}
		read := answeredWith(t, c.call("GET", "/widget/transactions/m%2F1", ""), 200)
		if read.object["merchant_transaction_id"] != "m/1" || read.Header.Get("X-Request-Id") == "" {
			t.Errorf("read %s %v", read.text, read.Header)
		}
		if tries := c.Tries(); len(tries) != 2 || string(tries[0]) != body || len(c.Refusals()) != 0 {
			t.Errorf("tries %q, %v", tries, c.Refusals())
		}
	}
}

// TestProofInitToken: an init_token is spent once.
func TestProofInitToken(t *testing.T) {
	c := newProofCaller(t, ProofOptions{})
	token := c.session(`{}`).object["init_token"].(string)
	for _, test := range []struct{ token, want string }{{"other", "not given out"}, {token, ""}, {token, "spent before"}} {
		if err := c.Redeem(test.token); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

// TestProofRefuses: each departure from what is asked for is refused, in Proof's format.
func TestProofRefuses(t *testing.T) {
	c := newProofCaller(t, ProofOptions{})
	const target = "/widget/session"
	for _, test := range []struct {
		method, target, body string
		headers              []string
		status               int
		code, want           string
	}{
		{"POST", target, `{}`, []string{"Authorization", ""}, 401, "unauthorized", "0 Authorization fields"},
		{"POST", target, `{}`, []string{"Authorization", "Bearer other"}, 401, "unauthorized", "not one that is valid"},
		{"POST", target, `{}`, []string{"Authorization", proofToken}, 401, "unauthorized", "does not begin with"},
		{"POST", target, `{}`, []string{"Origin", ""}, 403, "forbidden_origin", "Origin is []"},
		{"POST", target, `{}`, []string{"Origin", "https://evil.example.com"}, 403, "forbidden_origin", "evil"},
		{"POST", target, `{}`, []string{"Origin", proofOrigin + "/"}, 403, "forbidden_origin", "registered"},
		{"POST", target, `{}`, []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "application/json was expected"},
		{"POST", target, `[]`, nil, 400, "bad_request", "not a JSON object"},
		{"POST", target, ``, nil, 400, "bad_request", "not a JSON object"},
		{"POST", target, `{"client_ip":"203.0.113.7","client_ip":"203.0.113.7"}`, nil, 400, "bad_request", "there twice"},
		{"POST", target, `{"client_ip":7}`, nil, 400, "bad_request", "not a string"},
		{"GET", "/widget/transactions/m-1", "", []string{"Authorization", ""}, 401, "unauthorized", "0 Authorization fields"},
		{"GET", "/widget/transactions/m-1", "", nil, 404, "not_found", `no transaction "m-1"`},
		{"GET", "/widget/session", "", nil, 404, "not_found", "There is no GET"},
		{"GET", "/ws?tx_id=m-1", "", []string{"Authorization", ""}, 401, "unauthorized", "0 Authorization fields"},
		{"GET", "/ws?tx_id=m-1", "", nil, 426, "upgrade_required", "websocket was expected"},
		{"GET", "/ws?tx_id=m-1", "", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 404, "not_found", "no transaction"},
		{"GET", "/ws", "", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 400, "bad_request", "0 tx_id"},
	} {
		answer := c.call(test.method, test.target, test.body, test.headers...)
		refusedWith(t, c.Refusals, answer, test.status, test.want)
		if answer.object["code"] != test.code || answer.object["error"] == "" || answer.Header.Get("X-Request-Id") == "" {
			t.Errorf("answered %s %v", answer.text, answer.Header)
		}
		if strings.Contains(answer.text, proofToken) {
			t.Errorf("a reason tells the token: %s", answer.text)
		}
	}
	if len(c.Sessions()) != 0 || c.Sockets() != 0 {
		t.Errorf("%d sessions, %d sockets", len(c.Sessions()), c.Sockets())
	}
}

// TestProofClientIP: an address that cannot be the end user's is refused.
func TestProofClientIP(t *testing.T) {
	c := newProofCaller(t, ProofOptions{})
	for _, address := range []string{
		"", "localhost", "203.0.113.7:80", "[2001:db8::1]", "203.0.113.7, 10.0.0.1", "203.0.113.07", "fe80::1%eth0", "2001:db8::1%x",
		"127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "fd00::1", "169.254.1.1", "fe80::1", "0.0.0.0", "::",
		"224.0.0.1", "255.255.255.255", "100.64.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
	} {
		body := `{"client_ip":"` + address + `"}`
		refusedWith(t, c.Refusals, c.call("POST", "/widget/session", body), 422, "client_ip is")
	}
	for _, address := range []string{"203.0.113.7", "8.8.8.8", "2001:db8::1", "100.128.0.1", "172.32.0.1", "::ffff:8.8.8.8"} {
		c.session(`{"client_ip":"` + address + `"}`)
	}
	if len(c.Sessions()) != 6 {
		t.Errorf("%d sessions", len(c.Sessions()))
	}
}

// TestProofTokenChange: in the grace period both tokens are valid.
func TestProofTokenChange(t *testing.T) {
	c := newProofCaller(t, ProofOptions{Tokens: []string{proofToken, "new"}})
	post := func(token string) callAnswer {
		return c.call("POST", "/widget/session", `{}`, "Authorization", "Bearer "+token)
	}
	answeredWith(t, post(proofToken), 200)
	answeredWith(t, post("new"), 200)
	if err := c.SetTokens("new"); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, c.Refusals, post(proofToken), 401, "not one that is valid")
	answeredWith(t, post("new"), 200)
	if c.SetTokens() == nil {
		t.Error("no token at all was set")
	}
	if c.Reset(); len(c.Sessions())+len(c.Tries())+len(c.Refusals())+len(c.Requests()) != 0 {
		t.Error("Reset left a record")
	}
}

func TestStartProofRefuses(t *testing.T) {
	for _, test := range []struct {
		opts ProofOptions
		want string
	}{
		{ProofOptions{}, "needs a token"},
		{ProofOptions{Tokens: []string{"a", ""}}, "is empty"},
		{ProofOptions{Tokens: []string{"a"}, Options: Options{Protocols: []string{"http/2"}}}, "none of http/1.1"},
	} {
		if _, err := StartProof(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
