package partnertest_test

import (
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

// send sends a JSON body with headers, which are names and values, and prints what came
// back.
func send(client *http.Client, url, body string, headers ...string) {
	request, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	res.Body.Close()
	fmt.Println(res.Status)
}

func ExampleStartOffBlocks() {
	offblocks, err := partnertest.StartOffBlocks(partnertest.OffBlocksOptions{APIKey: "key", APISecret: "secret"})
	if err != nil {
		log.Fatal(err)
	}
	defer offblocks.Close()

	send(offblocks.Client(), offblocks.URL()+"/v1/auth/token", `{"apiKey":"key","apiSecret":"secret"}`)
	send(offblocks.Client(), offblocks.URL()+"/v1/customers", `{}`)
	for _, refusal := range offblocks.Refusals() {
		fmt.Println(refusal.Reason)
	}
	fmt.Println(offblocks.Tokens(), "token,", offblocks.Customers(), "customers")
	// Output:
	// 200 OK
	// 401 Unauthorized
	// There are 0 Authorization fields, where one was expected.
	// 1 token, 0 customers
}

func ExampleStartDynamic() {
	dynamic, err := partnertest.StartDynamic(partnertest.DynamicOptions{
		Tokens: []string{"dyn_token"},
		Fail: func(stage partnertest.DynamicStage, n int, _ *partnertest.Request) partnertest.Failure {
			if stage == partnertest.DynamicServerCall && n == 1 {
				return partnertest.Failure{Status: 429, RetryAfter: "1"}
			}
			return partnertest.Failure{}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer dynamic.Close()

	for range 2 {
		send(dynamic.Client(), dynamic.URL()+"/api/v0/server/env/flow/payment", `{}`, "Authorization", "Bearer dyn_token")
	}
	send(dynamic.Client(), dynamic.URL()+"/api/v0/sdk/env/flow/id/source", `{}`, "Authorization", "Bearer dyn_token")
	for _, refusal := range dynamic.Refusals() {
		fmt.Println(refusal.Reason)
	}
	// Output:
	// 429 Too Many Requests
	// 201 Created
	// 403 Forbidden
	// An API token, dyn_…, came to /api/v0/sdk/env/flow/id/source, which is not for one.
}

func ExampleStartProof() {
	proof, err := partnertest.StartProof(partnertest.ProofOptions{
		Tokens:  []string{"token"},
		Origins: []string{"https://app.example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer proof.Close()

	send(proof.Client(), proof.URL()+"/widget/session", `{"client_ip":"10.0.0.1"}`,
		"Authorization", "Bearer token", "Origin", "https://app.example.com")
	for _, refusal := range proof.Refusals() {
		fmt.Println(refusal.Reason)
	}
	// Output:
	// 422 Unprocessable Entity
	// client_ip is 10.0.0.1, which is not an address of the internet.
}
