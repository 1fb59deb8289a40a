package partnertest_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

func Example() {
	partner, err := partnertest.Start(partnertest.Options{
		Require: partnertest.Require{
			Bearer:         "secret",
			ContentDigest:  "sha-256",
			IdempotencyKey: partnertest.RawUUID,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer partner.Close()

	res, err := partner.Client().Post(partner.URL()+"/payments", "application/json", strings.NewReader(`{"amount": 5}`))
	if err != nil {
		log.Fatal(err)
	}
	res.Body.Close()
	fmt.Println(res.Status)
	for _, problem := range partner.Last().Verdict.Problems {
		fmt.Println(problem)
	}
	// Output:
	// 401 Unauthorized
	// There are 0 Authorization fields, where one was expected.
	// The body has no Content-Digest called sha-256.
	// There are 0 Idempotency-Key fields, where one was expected.
}
