package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

// newDynamic is a Dynamic, a flow of which goes from its making to a quote.
func newDynamic() (*act, error) {
	token := "dyn_" + rand.Text()
	dynamic, err := partnertest.StartDynamic(partnertest.DynamicOptions{Tokens: []string{token}})
	if err != nil {
		return nil, err
	}
	const env = "2762a57b-faa4-41ce-9f16-abff9300e2c9"
	const flow = "/api/v0/sdk/" + env + "/flow/FLOW"
	return &act{
		name:    "dynamic",
		partner: dynamic.Partner,
		block: strings.NewReplacer("PARTNER", dynamic.URL()).Replace(`partner_proxy dynamic PARTNER {
	token {file.DIR/dynamic-token}
	strip_session
`),
		files: map[string][]byte{"dynamic-token": []byte(token + "\n")},
		plain: []plain{
			{"POST", "/api/v0/server/" + env + "/flow/payment", `{"amount": "25.00", "currency": "USD"}`},
			{"POST", flow + "/source", `{"sourceType": "wallet"}`},
			{"POST", flow + "/quote", `{}`},
		},
		// The path of the later calls has the flow that the first has made.
		learn: func(answer []byte) (word, value string) {
			var made struct{ ID string }
			if json.Unmarshal(answer, &made) != nil || made.ID == "" {
				return "", ""
			}
			return "FLOW", made.ID
		},
		judge: func() (said []string, ok bool) {
			for _, refusal := range dynamic.Refusals() {
				said = append(said, fmt.Sprintf("refused with %d: %s", refusal.Status, refusal.Reason))
			}
			said = append(said, fmt.Sprintf("%d flow, %d session token told, once", dynamic.Flows(), dynamic.Sessions()))
			return said, len(dynamic.Refusals()) == 0 && dynamic.Flows() == 1
		},
	}, nil
}
