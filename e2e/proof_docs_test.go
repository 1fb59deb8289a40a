package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What docs/proof.md says from the token to the first session works word by
// word, and all of its configurations load and are what the page says.
func TestProofDocs(t *testing.T) {
	needsCommand(t, "curl")
	commands, files := pageBlocks(t, "proof", "sh", 1), pageBlocks(t, "proof", "caddyfile", 3)
	proof := partnertest.NewProof(t, partnertest.ProofOptions{Tokens: []string{"token"}, Origins: []string{"https://app.example.com"}})
	file := docsFile(files[0], "partner_proxy proof https://proof.example {", "partner_proxy proof "+proof.URL()+" {")
	file.Files = map[string]string{"ca.pem": string(proof.CA()), "proof-token": "token\n"}
	p := startCaddy(t, file)
	output := shell(t, p.Dir, strings.ReplaceAll(commands[0], "http://localhost:8080", p.URL))
	sessions := proof.Sessions()
	if len(sessions) != 1 || sessions[0].ClientIP != "203.0.113.7" || !strings.HasPrefix(output, string(sessions[0].Answer)) || !strings.Contains(output, `"status":"pending"`) {
		t.Errorf("%s %v", output, sessions)
	}
	p.loads(t, files)

	for i, check := range map[int]func(adapted any) bool{
		1: func(adapted any) bool {
			fields := find(adapted, "json_fields")
			return at(fields, 0, "require") == true && at(fields, 0, "value") == "{client_ip}" && at(fields, 1) == nil
		},
		2: func(adapted any) bool {
			retries := find(adapted, "retries")
			return at(retries, 0, "attempts") == 5.0 && at(retries, 2) != nil && at(retries, 3) == nil
		},
	} {
		var adapted any
		if err := json.Unmarshal([]byte(p.adapt(t, files[i])), &adapted); err != nil {
			t.Fatal(err)
		}
		if !check(adapted) {
			t.Errorf("block %d adapts to %v", i+1, adapted)
		}
	}
}
