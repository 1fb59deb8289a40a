package partnertest_test

import (
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

func ExampleStartDfns() {
	dfns, err := partnertest.StartDfns(partnertest.DfnsOptions{Token: "token"})
	if err != nil {
		log.Fatal(err)
	}
	defer dfns.Close()

	request, err := http.NewRequest("POST", dfns.URL()+"/wallets", strings.NewReader(`{"network":"Ethereum"}`))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer token")
	request.Header.Set("Content-Type", "application/json")
	res, err := dfns.Client().Do(request)
	if err != nil {
		log.Fatal(err)
	}
	res.Body.Close()
	fmt.Println(res.Status)
	for _, refusal := range dfns.Refusals() {
		fmt.Println(refusal.Reason)
	}
	fmt.Println(len(dfns.Writes()), "writes")
	// Output:
	// 403 Forbidden
	// X-DFNS-USERACTION is missing: POST /wallets needs a user action.
	// 0 writes
}
