package partnertest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"
)

// TestDfnsChallenge: a challenge has all that the documentation lists.
func TestDfnsChallenge(t *testing.T) {
	publics, _ := dfnsKeys(t)
	c := newDfnsCaller(t, DfnsOptions{Credentials: publics})
	answer := c.challengeFor("POST", "/wallets", "")
	if answer.StatusCode != 200 {
		t.Fatal(answer.text)
	}
	challenge, _ := answer.object["challenge"].(string)
	identifier, _ := answer.object["challengeIdentifier"].(string)
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{40,}$`).MatchString(challenge) || !regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`).MatchString(identifier) {
		t.Errorf("challenge %q, identifier %q", challenge, identifier)
	}
	delete(answer.object, "challenge")
	delete(answer.object, "challengeIdentifier")
	rest, err := json.Marshal(answer.object)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"allowCredentials":{"key":[{"id":"cr-ed25519","type":"public-key"},{"id":"cr-p256","type":"public-key"},` +
		`{"id":"cr-rsa","type":"public-key"},{"id":"cr-secp256k1","type":"public-key"}],"passwordProtectedKey":[],"webauthn":[]},` +
		`"attestation":"direct","externalAuthenticationUrl":"",` +
		`"supportedCredentialKinds":[{"factor":"first","kind":"Key","requiresSecondFactor":false}],"userVerification":"required"}`
	if string(rest) != want {
		t.Errorf("answered\n%s, want\n%s", rest, want)
	}
	if again := c.challengeFor("POST", "/wallets", ""); again.object["challenge"] == challenge || again.object["challengeIdentifier"] == identifier {
		t.Error("two challenges are one")
	}
}

func TestDfnsChallengeRefuses(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	for _, test := range []struct{ body, reason string }{
		{``, "it is not a JSON object"},
		{`[]`, "it is not a JSON object"},
		{`{`, "EOF"},
		{`{1:2}`, "invalid character"},
		{`{"userActionPayload":}`, "invalid character"},
		{initBody("POST", "/wallets", "") + "{}", "something follows"},
		{`{"userActionPayload":"` + "\xff" + `"}`, "it is not UTF-8"},
		{`{"userActionHttpMethod":"POST","userActionHttpPath":"/wallets"}`, "userActionPayload is missing"},
		{`{"userActionHttpMethod":"POST","userActionPayload":""}`, "userActionHttpPath is missing"},
		{`{"userActionHttpPath":"/wallets","userActionPayload":""}`, "userActionHttpMethod is missing"},
		{`{"userActionPayload":{"a":1},"userActionHttpMethod":"POST","userActionHttpPath":"/wallets"}`, "userActionPayload is not a string"},
		{`{"userActionPayload":null,"userActionHttpMethod":"POST","userActionHttpPath":"/wallets"}`, "userActionPayload is not a string"},
		{`{"userActionPayload":"","useractionpayload":"","userActionHttpMethod":"POST","userActionHttpPath":"/wallets"}`, `"useractionpayload" is not a property that is expected`},
		{`{"userActionPayload":"","userActionPayload":"","userActionHttpMethod":"POST","userActionHttpPath":"/wallets"}`, `"userActionPayload" is there twice`},
		{`{"userActionPayload":"","userActionHttpMethod":"POST","userActionHttpPath":"/wallets","userActionServerKind":"Staff"}`, `userActionServerKind is "Staff"`},
		{`{"userActionPayload":"","userActionHttpMethod":"POST","userActionHttpPath":"/wallets","userActionServerKind":1}`, "userActionServerKind is not a string"},
		{initBody("PATCH", "/wallets", ""), `userActionHttpMethod is "PATCH"`},
		{initBody("post", "/wallets", ""), `userActionHttpMethod is "post"`},
		{initBody("POST", "", ""), `userActionHttpPath is "", which is not a path`},
		{initBody("POST", "https://api.dfns.io/wallets", ""), "which is not a path"},
		{initBody("POST", "//api.dfns.io/wallets", ""), "which is not a path"},
		{initBody("POST", "/wallets?limit=1", ""), "which has a query"},
	} {
		c.refusedWith(c.call("POST", "/auth/action/init", test.body, "Content-Type", "application/json"), 400, test.reason)
	}
	for _, body := range []string{
		initBody("GET", "/wallets", ""),
		`{"userActionHttpPath":"/a%2fb","userActionPayload":"` + "<&>é" + `","userActionHttpMethod":"DELETE"}`, // the kind may be absent
	} {
		if answer := c.call("POST", "/auth/action/init", body); answer.StatusCode != 200 {
			t.Errorf("%s: %s", body, answer.text)
		}
	}
}

func FuzzReadObject(f *testing.F) {
	f.Add([]byte(`{"a":"b","c":{"d":[1]}}`))
	f.Add([]byte(`{"a":1,"a":2} `))
	f.Fuzz(func(t *testing.T, text []byte) {
		object := readObject(text)
		for _, name := range append(object.names, "a") {
			object.optional(name)
			object.object(name)
			object.texts(name)
		}
		if readObject(text).err == nil && !json.Valid(bytes.TrimSpace(text)) {
			t.Errorf("%q was read, and is no JSON", text)
		}
	})
}
