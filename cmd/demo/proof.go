package main

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/partnersign/partnersign/partnertest"
)

// newProof is a Proof whose widget a customer embeds.
func newProof() (*act, error) {
	const origin = "https://app.example.com"
	token := rand.Text()
	proof, err := partnertest.StartProof(partnertest.ProofOptions{Tokens: []string{token}, Origins: []string{origin}})
	if err != nil {
		return nil, err
	}
	return &act{
		name:    "proof",
		partner: proof.Partner,
		block: strings.NewReplacer("PARTNER", proof.URL(), "ORIGIN", origin).Replace(`partner_proxy proof PARTNER {
	client_token {file.DIR/proof-token}
	origin ORIGIN
`),
		files: map[string][]byte{"proof-token": []byte(token + "\n")},
		plain: []plain{{"POST", "/widget/session", `{"merchant_transaction_id": "tx-1", "amount": 12.50}`}},
		judge: func() (said []string, ok bool) {
			for _, refusal := range proof.Refusals() {
				said = append(said, fmt.Sprintf("refused with %d: %s", refusal.Status, refusal.Reason))
			}
			for _, session := range proof.Sessions() {
				said = append(said, "a session was made for "+session.TransactionID+"; client_ip: "+orNone(session.ClientIP))
			}
			return said, len(proof.Refusals()) == 0 && len(proof.Sessions()) == 1
		},
	}, nil
}

func orNone(text string) string {
	if text == "" {
		return "none, for the client is on this machine"
	}
	return text
}
