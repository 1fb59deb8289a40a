package partnertest

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"
	"time"
)

// TestDfnsAssertion: what answers a challenge is refused for each fault there can be.
func TestDfnsAssertion(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	form := func(challenge callAnswer, text string) string {
		clientData := strings.Replace(text, "C", fmt.Sprint(challenge.object["challenge"]), 1)
		return c.assertion(challenge, clientData, c.sign([]byte(clientData)))
	}
	replace := func(old, by string) func(callAnswer) string {
		return func(challenge callAnswer) string {
			body := c.answerTo(challenge)
			if !strings.Contains(body, old) {
				t.Fatalf("no %s in %s", old, body)
			}
			return strings.Replace(body, old, by, 1)
		}
	}
	clientData := func(text string) func(callAnswer) string {
		return func(challenge callAnswer) string { return form(challenge, text) }
	}
	for _, test := range []struct {
		name   string
		body   func(callAnswer) string
		status int
		reason string
	}{
		{"in order", c.answerTo, 200, ""},
		{"an algorithm", replace(`"credId"`, `"algorithm":"sha256","credId"`), 200, ""},
		{"no JSON", func(callAnswer) string { return "x" }, 400, "it is not a JSON object"},
		{"no identifier", replace(`"challengeIdentifier"`, `"identifier"`), 400, `"identifier" is not a property`},
		{"another identifier", replace(`"challengeIdentifier":"`, `"challengeIdentifier":"x`), 400, "not one that was given out"},
		{"no factor", func(callAnswer) string { return `{"challengeIdentifier":"x"}` }, 400, "firstFactor is missing"},
		{"a second factor", replace(`{"challengeIdentifier"`, `{"secondFactor":{},"challengeIdentifier"`), 400, `"secondFactor" is not a property`},
		{"another kind", replace(`"Key"`, `"Fido2"`), 400, `firstFactor is of the kind "Fido2"`},
		{"no assertion", replace(`"credentialAssertion":{`, `"credentialAssertion":"","x":{`), 400, `"x" is not a property`},
		{"an assertion that is text", func(callAnswer) string {
			return `{"challengeIdentifier":"x","firstFactor":{"kind":"Key","credentialAssertion":"x"}}`
		}, 400, "credentialAssertion: it is not a JSON object"},
		{"another credential", replace(`"cr-1"`, `"cr-2"`), 403, `The credential "cr-2" is not among those allowed.`},
		{"no credential", replace(`"credId":"cr-1",`, ``), 400, "credId is missing"},
		{"padding", replace(`","signature"`, `=","signature"`), 400, "clientData: it is not base64url"},
		{"a signature that is no base64url", replace(`"signature":"`, `"signature":"!`), 400, "signature: it is not base64url"},
		{"the other order", clientData(`{"type":"key.get","challenge":"C"}`), 400, "clientData: it is "},
		{"spaces", clientData(`{"challenge": "C", "type": "key.get"}`), 400, "clientData: it is "},
		{"an origin", clientData(`{"challenge":"C","type":"key.get","origin":"https://a"}`), 400, "clientData: it is "},
		{"more members", clientData(`{"challenge":"C","type":"key.get","more":1}`), 400, `"more" is not a property`},
		{"another type", clientData(`{"challenge":"C","type":"key.create"}`), 400, `its type is "key.create"`},
		{"another challenge", clientData(`{"challenge":"xC","type":"key.get"}`), 400, "its challenge is another one"},
		{"a changed signature", func(challenge callAnswer) string {
			data := fmt.Sprintf(`{"challenge":"%s","type":"key.get"}`, challenge.object["challenge"])
			return c.assertion(challenge, data, c.sign([]byte(data+" ")))
		}, 403, "The signature does not fit clientData"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.t = t
			answer := c.call("POST", "/auth/action", test.body(c.challengeFor("POST", "/wallets", "{}")))
			if test.status != 200 {
				c.refusedWith(answer, test.status, test.reason)
			} else if answer.StatusCode != 200 {
				t.Error(answer.text)
			}
		})
	}
}

// TestDfnsChallengeOnce: a challenge is spent by its first answer, right or wrong, and
// after a quarter of an hour.
func TestDfnsChallengeOnce(t *testing.T) {
	now := time.Now()
	c := newDfnsCaller(t, DfnsOptions{Options: Options{Now: func() time.Time { return now }}})
	challenge := c.challengeFor("POST", "/wallets", "{}")
	if answer := c.call("POST", "/auth/action", c.answerTo(challenge)); answer.StatusCode != 200 {
		t.Fatal(answer.text)
	}
	c.refusedWith(c.call("POST", "/auth/action", c.answerTo(challenge)), 400, "The challenge was answered before.")

	challenge = c.challengeFor("POST", "/wallets", "{}")
	right := c.answerTo(challenge)
	wrong := c.assertion(challenge, fmt.Sprintf(`{"challenge":"%s","type":"key.get"}`, challenge.object["challenge"]), make([]byte, 64))
	c.refusedWith(c.call("POST", "/auth/action", wrong), 403, "The signature does not fit")
	c.refusedWith(c.call("POST", "/auth/action", right), 400, "The challenge was answered before.")

	challenge = c.challengeFor("POST", "/wallets", "{}")
	now = now.Add(15*time.Minute + time.Second)
	c.refusedWith(c.call("POST", "/auth/action", c.answerTo(challenge)), 400, "The challenge has expired: it is valid for 15m0s.")
}

// TestDfnsAcceptSDKs: with the option, the forms of Dfns' own SDKs are accepted, and no
// others.
func TestDfnsAcceptSDKs(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{AcceptSDKs: true, AnyPath: true})
	for text, reason := range map[string]string{
		`{"type":"key.get","challenge":"C"}`:                                                      "",
		`{"challenge":"C","crossOrigin":false,"type":"key.get"}`:                                  "",
		`{"type":"key.get","challenge":"C","origin":"https://app.example","crossOrigin":false}`:   "",
		`{"type":"key.get","challenge":"C","topOrigin":"https://app.example","crossOrigin":true}`: `"topOrigin" is not a property`,
		`{"type":"key.get","challenge":"x"}`:                                                      "its challenge is another one",
	} {
		challenge := c.challengeFor("POST", "/wallets", "{}")
		data := strings.Replace(text, "C", fmt.Sprint(challenge.object["challenge"]), 1)
		answer := c.call("POST", "/auth/action", c.assertion(challenge, data, c.sign([]byte(data))))
		if reason != "" {
			c.refusedWith(answer, 400, reason)
		} else if answer.StatusCode != 200 {
			t.Errorf("%s: %s", text, answer.text)
		}
	}
	token := c.userAction("DELETE", "/permissions/pm-1/assignments/as-1?force=true", "{}")
	if answer := c.call("DELETE", "/permissions/pm-1/assignments/as-1?force=true", "{}", "X-DFNS-USERACTION", token); answer.StatusCode != 200 {
		t.Error(answer.text)
	}
	token = c.userAction("DELETE", "/permissions/pm-1/assignments/as-1?force=true", "{}")
	c.refusedWith(c.call("DELETE", "/permissions/pm-1/assignments/as-1?force=false", "{}", "X-DFNS-USERACTION", token), 403, "is for the path")
}

// TestDfnsUserAction: a user action is for one request, the one it was asked for.
func TestDfnsUserAction(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{AnyPath: true})
	const payload = `{"network":"Bitcoin","name":"<&>é\u00e9"}`
	for _, test := range []struct {
		name                 string
		method, target, body string // of the request
		reason               string
	}{
		{"in order", "POST", "/wallets", payload, ""},
		{"a query, which is not bound", "POST", "/wallets?a=b", payload, ""},
		{"another method", "PUT", "/wallets", payload, "is for the method POST, and the request has PUT"},
		{"another path", "POST", "/wallet", payload, `is for the path "/wallets", and the request has "/wallet"`},
		{"another spelling of the path", "POST", "/%77allets", payload, "is for the path"},
		{"a slash more", "POST", "/wallets/", payload, "is for the path"},
		{"another payload", "POST", "/wallets", `{}`, "is for another payload"},
		{"another spelling of the payload", "POST", "/wallets", `{"network":"Bitcoin","name":"<&>éé"}`, "is for another payload"},
		{"no payload", "POST", "/wallets", "", "is for another payload"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.t = t
			c.Reset()
			token := c.userAction("POST", "/wallets", payload)
			answer := c.call(test.method, test.target, test.body, "X-DFNS-USERACTION", token)
			if test.reason == "" {
				if answer.StatusCode != 200 || len(c.Writes()) != 1 {
					t.Error(answer.text)
				}
			} else {
				c.refusedWith(answer, 403, test.reason)
			}
			c.refusedWith(c.call("POST", "/wallets", payload, "X-DFNS-USERACTION", token), 400, "The user action was used before.")
			if want := map[bool]int{true: 1}[test.reason == ""]; len(c.Writes()) != want {
				t.Errorf("%d writes, want %d", len(c.Writes()), want)
			}
		})
	}
	c.t = t
	c.refusedWith(c.call("POST", "/wallets", payload), 403, "X-DFNS-USERACTION is missing: POST /wallets needs a user action.")
	c.refusedWith(c.call("POST", "/wallets", payload, "X-DFNS-USERACTION", "x"), 403, "not a user action that was given out")
	request := c.request("POST", "/wallets", payload)
	request.Header["X-Dfns-Useraction"] = []string{c.userAction("POST", "/wallets", payload), "x"}
	answer, err := c.send(request)
	if err != nil {
		t.Fatal(err)
	}
	c.refusedWith(answer, 403, "There are 2 X-DFNS-USERACTION fields")
}

// TestDfnsPayload: the payload of a user action is text: of a body, or of the part called
// data.
func TestDfnsPayload(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{AnyPath: true})
	upload := func(names ...string) (body, kind string) {
		var text bytes.Buffer
		parts := multipart.NewWriter(&text)
		for _, name := range names {
			part, err := parts.CreateFormFile(name, "file.bin")
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(part, `{"part":"%s"}`, name)
		}
		parts.Close()
		return text.String(), parts.FormDataContentType()
	}
	body, kind := upload("file", "data")
	token := c.userAction("POST", "/files", `{"part":"data"}`)
	if answer := c.call("POST", "/files", body, "Content-Type", kind, "X-DFNS-USERACTION", token); answer.StatusCode != 200 {
		t.Error(answer.text)
	}
	token = c.userAction("POST", "/files", `{"part":"file"}`)
	c.refusedWith(c.call("POST", "/files", body, "Content-Type", kind, "X-DFNS-USERACTION", token), 403, "is for another payload")
	body, kind = upload("file")
	token = c.userAction("POST", "/files", `{"part":"data"}`)
	c.refusedWith(c.call("POST", "/files", body, "Content-Type", kind, "X-DFNS-USERACTION", token), 400, "it has no part called data")
	token = c.userAction("POST", "/files", `{"part":"file"}`)
	c.refusedWith(c.call("POST", "/files", body[:20], "Content-Type", kind, "X-DFNS-USERACTION", token), 400, "EOF")
	token = c.userAction("POST", "/files", "\ufffd")
	c.refusedWith(c.call("POST", "/files", "\xff", "X-DFNS-USERACTION", token), 400, "it is not UTF-8")
}

// TestDfnsUnsigned: which writes need no user action.
func TestDfnsUnsigned(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{AnyPath: true})
	for _, call := range dfnsUnsigned[2:] { // without the two action calls
		method, path, _ := strings.Cut(strings.ReplaceAll(call, "*", "x-1"), " ")
		if answer := c.call(method, path, "{}"); answer.StatusCode != 200 {
			t.Errorf("%s: %s", call, answer.text)
		}
	}
	if n := len(c.Writes()); n != len(dfnsUnsigned)-2 {
		t.Errorf("%d writes", n)
	}
	for _, call := range []string{
		"PUT /auth/login", "DELETE /auth/logout", "POST /auth/logout", "PUT /auth/action", "POST /auth/action/", "POST /auth/Login",
		"POST /auth/login/delegated", "POST /auth/credentials", "PUT /auth/credentials/activate", "POST /auth/service-accounts",
		"POST /networks/call-function", "POST /networks/a/b/call-function", "POST /wallets//canton/ledger-api", "POST /swaps",
		"POST /keys/key-1/export", "POST /wallets/wa-1/transfers", "DELETE /v2/policies/plc-1", "POST /unknown",
	} {
		method, path, _ := strings.Cut(call, " ")
		c.refusedWith(c.call(method, path, "{}"), 403, "X-DFNS-USERACTION is missing")
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		if answer := c.call(method, "/wallets", ""); answer.StatusCode != 200 {
			t.Errorf("%s: %d", method, answer.StatusCode)
		}
	}
}
