package partnertest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// at walks into an object of JSON.
func (a callAnswer) at(path ...any) any {
	var value any = a.object
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func TestDfnsExternalID(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	wallet, other := c.wallet(), c.wallet()
	const transfer = `{"kind":"Native","to":"0x1","amount":"1","externalId":"order-1"}`
	first := c.write("POST", wallet+"/transfers", transfer)
	again := c.write("POST", wallet+"/transfers", transfer)
	if first.StatusCode != 200 || again.StatusCode != 200 || first.text != again.text {
		t.Fatalf("%d %s, then %d %s", first.StatusCode, first.text, again.StatusCode, again.text)
	}
	if n := len(c.Writes()); n != 3 {
		t.Errorf("%d writes, want two wallets and a transfer", n)
	}
	for _, conflict := range []callAnswer{
		c.write("POST", wallet+"/transfers", strings.Replace(transfer, `"1"`, `"2"`, 1)),
		c.write("POST", other+"/transfers", transfer),
	} {
		c.refusedWith(conflict, 409, "Conflicting transfer with same externalId")
		if conflict.at("error", "details", "duplicate", "id") != first.object["id"] || conflict.at("error", "details", "duplicate", "externalId") != "order-1" {
			t.Errorf("details: %s", conflict.text)
		}
	}
	// The same externalId is another one for another kind of request.
	if answer := c.write("POST", wallet+"/transactions", `{"kind":"Evm","externalId":"order-1"}`); answer.StatusCode != 200 {
		t.Error(answer.text)
	}
	// Without an externalId, each is a request of its own.
	for range 2 {
		c.write("POST", wallet+"/signatures", `{"kind":"Hash","hash":"0x00"}`)
	}
	if list := c.call("GET", wallet+"/signatures", ""); list.at("items", 1) == nil || list.at("items", 2) != nil || list.object["walletId"] == nil {
		t.Error(list.text)
	}
}

func TestDfnsApproval(t *testing.T) {
	for value, status := range map[string]string{"Approved": "Broadcasted", "Denied": "Rejected"} {
		c := newDfnsCaller(t, DfnsOptions{})
		wallet := c.wallet()
		policy := c.write("POST", "/v2/policies", `{"name":"p","activityKind":"Wallets:Sign","rule":{"kind":"AlwaysTrigger"},"action":{"kind":"RequestApproval"}}`)
		const body = `{"kind":"Native","to":"0x1","amount":"1","externalId":"order-1"}`
		transfer := c.write("POST", wallet+"/transfers", body)
		approval, _ := transfer.object["approvalId"].(string)
		if transfer.StatusCode != 202 || transfer.object["status"] != "Pending" || approval == "" {
			t.Fatalf("%d %s", transfer.StatusCode, transfer.text)
		}
		if writes := c.Writes(); writes[len(writes)-1].Status != 202 {
			t.Errorf("recorded %+v", writes)
		}
		if again := c.write("POST", wallet+"/transfers", body); again.StatusCode != 200 || again.object["status"] != "Pending" {
			t.Errorf("%d %s", again.StatusCode, again.text)
		}
		if list := c.call("GET", "/v2/policy-approvals", ""); list.at("items", 0, "id") != approval {
			t.Error(list.text)
		}
		path := "/v2/policy-approvals/" + approval
		if got := c.call("GET", path, ""); got.at("activity", "transferRequest", "id") != transfer.object["id"] || got.at("policyEvaluations", 0, "policyId") != policy.object["id"] {
			t.Error(got.text)
		}
		c.refusedWith(c.write("POST", path+"/decisions", `{"value":"Maybe"}`), 400, `value is "Maybe"`)
		if got := c.write("POST", path+"/decisions", `{"value":"`+value+`"}`); got.object["status"] != value {
			t.Error(got.text)
		}
		c.refusedWith(c.write("POST", path+"/decisions", `{"value":"Denied"}`), 400, "The approval is "+value+" already.")
		if got := c.call("GET", fmt.Sprintf("%s/transfers/%s", wallet, transfer.object["id"]), ""); got.object["status"] != status {
			t.Error(got.text)
		}
		if got := c.write("DELETE", fmt.Sprint("/v2/policies/", policy.object["id"]), "{}"); got.object["status"] != "Archived" {
			t.Error(got.text)
		}
		if got := c.write("POST", wallet+"/transfers", `{"kind":"Native","to":"0x1"}`); got.StatusCode != 200 {
			t.Error(got.text)
		}
	}
}

// TestDfnsPoliciesKept: other policies are kept, and nothing waits for them.
func TestDfnsPoliciesKept(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	for _, policy := range []string{
		`{"name":"p","activityKind":"Permissions:Modify","rule":{"kind":"AlwaysTrigger"},"action":{"kind":"RequestApproval"}}`,
		`{"name":"p","activityKind":"Wallets:Sign","rule":{"kind":"TransactionAmountLimit"},"action":{"kind":"RequestApproval"}}`,
		`{"name":"p","activityKind":"Wallets:Sign","rule":{"kind":"AlwaysTrigger"},"action":{"kind":"Block"}}`,
	} {
		if answer := c.write("POST", "/v2/policies", policy); answer.StatusCode != 200 {
			t.Fatal(answer.text)
		}
	}
	if answer := c.write("POST", c.wallet()+"/transactions", `{"kind":"Evm"}`); answer.StatusCode != 200 || answer.object["txHash"] == nil {
		t.Error(answer.text)
	}
}

func TestDfnsEntities(t *testing.T) {
	c := newDfnsCaller(t, DfnsOptions{})
	wallet := c.wallet()
	key := c.write("POST", "/keys", `{"scheme":"EdDSA","curve":"ed25519","name":"k"}`)
	keyPath := fmt.Sprint("/keys/", key.object["id"])
	signature := c.write("POST", keyPath+"/signatures", `{"kind":"Message","message":"0x00"}`)
	if signature.object["keyId"] != key.object["id"] || signature.at("signature", "r") == nil {
		t.Error(signature.text)
	}
	c.write("POST", "/permissions", `{"name":"p","operations":["Wallets:Read"]}`)
	if answer := c.write("PUT", wallet, `{"name":"new"}`); answer.object["name"] != "new" {
		t.Error(answer.text)
	}
	for path, want := range map[string]any{
		"/wallets?limit=5":       "EthereumSepolia",
		"/keys":                  "secp256k1", // the wallet's own
		"/permissions":           "p",
		"/auth/service-accounts": "cr-1",
	} {
		if answer := c.call("GET", path, ""); answer.StatusCode != 200 || answer.at("items", 0) == nil || !strings.Contains(answer.text, fmt.Sprintf("%q", want)) {
			t.Errorf("%s: %s", path, answer.text)
		}
	}
	for _, path := range []string{wallet, keyPath, fmt.Sprintf("%s/signatures/%s", keyPath, signature.object["id"])} {
		if answer := c.call("GET", path, ""); answer.StatusCode != 200 {
			t.Errorf("%s: %s", path, answer.text)
		}
	}
	for _, path := range []string{
		"/nowhere", "/", "/wallets/", "/wallets/wa-none", "/keys/key-none", "/v2/policies/plc-none", "/v2/policy-approvals/ap-none",
		"/wallets/wa-none/transfers", "/keys/key-none/signatures", wallet + "/transfers/xfr-none", fmt.Sprintf("%s/signatures/%s", wallet, signature.object["id"]),
	} {
		c.refusedWith(c.call("GET", path, ""), 404, "")
	}
	for path, reason := range map[string]string{
		"/wallets":              "network is missing",
		wallet + "/transfers":   "kind is missing",
		keyPath + "/signatures": "kind is missing",
		"/keys":                 "scheme is missing",
		"/permissions":          "operations is missing",
		"/v2/policies":          "name is missing",
	} {
		c.refusedWith(c.write("POST", path, "{}"), 400, reason)
	}
	c.refusedWith(c.write("PUT", wallet, "{}"), 400, "name is missing")
	c.refusedWith(c.write("POST", "/permissions", `{"name":"p","operations":null}`), 400, "operations is not a list of strings")
	c.refusedWith(c.write("POST", "/wallets", `{"network":"Bitcoin","tags":[1]}`), 400, "tags is not a list of strings")
	for _, call := range []string{"POST /nowhere", "PUT /wallets/wa-none", "DELETE /v2/policies/plc-none", "POST /v2/policy-approvals/ap-none/decisions"} {
		method, path, _ := strings.Cut(call, " ")
		c.refusedWith(c.write(method, path, "{}"), 404, "")
	}
}

// TestDfnsConcurrency: what many do at once is judged and counted as if one did it.
func TestDfnsConcurrency(t *testing.T) {
	const callers, each = 8, 6
	c := newSigningCaller(t, "http/1.1")
	wallet := c.wallet()
	token := c.userAction("POST", "/wallets", `{"network":"Bitcoin"}`)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for j := range each {
				body := fmt.Sprintf(`{"kind":"Native","to":"0x1","amount":"1","externalId":"order-%d"}`, j)
				if answer := c.write("POST", wallet+"/transfers", body); answer.StatusCode != 200 {
					t.Errorf("%d: %s", i, answer.text)
				}
				c.write("PUT", wallet, fmt.Sprintf(`{"name":"%d"}`, i))
				c.call("GET", "/wallets", "")
				c.call("POST", "/wallets", `{"network":"Bitcoin"}`, "X-DFNS-USERACTION", token)
				c.Writes()
			}
		})
	}
	group.Wait()
	count := map[string]int{}
	for _, w := range c.Writes() {
		count[w.Request.Method+" "+w.Request.Target]++
	}
	if count["POST "+wallet+"/transfers"] != each || count["PUT "+wallet] != callers*each || count["POST /wallets"] != 2 {
		t.Errorf("writes: %v", count)
	}
	if n := len(c.Refusals()); n != callers*each-1 {
		t.Errorf("%d refusals of a user action that was used before, want %d", n, callers*each-1)
	}
}
