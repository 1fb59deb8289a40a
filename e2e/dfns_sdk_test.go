package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// dfnsAdmin lets the calls pass that Dfns' SDK makes in these tests.
const dfnsAdmin = "allow * /**\nallow POST,DELETE /permissions/** /v2/policies/** /v2/policy-approvals/** guarded\n"

// dfnsSDKWrites is how often index.mjs writes: ten things, one again, and one
// that is in conflict.
const dfnsSDKWrites = 12

// Dfns' own SDK, unmodified and pointed at partnersign, writes with neither a
// token nor a key of its own; and with both, when its user actions are kept.
func TestDfnsSDK(t *testing.T) {
	needsSDK(t)
	for _, test := range []struct {
		mode string
		app  bool
		keep bool
	}{
		{mode: "plain"},
		{mode: "plain", app: true},
		{mode: "signer", keep: true},
		{mode: "signer", keep: true, app: true},
		{mode: "delegated", keep: true},
	} {
		name := test.mode
		if test.app {
			name += " with an application"
		}
		t.Run(name, func(t *testing.T) {
			setup := dfnsSetup{App: test.app, Lines: dfnsAdmin}
			if test.keep {
				setup.Credential, setup.Dfns.AcceptSDKs = "client_token keep", true
			}
			p := setup.start(t)
			output, err := runDfnsSDK(t, p, test.mode)
			if err != nil {
				t.Fatalf("%v\n%s\n%v", err, output, p.Refusals())
			}
			checkSDK(t, p, output)
			p.fresh(t)
			if n := p.challenges(); n != dfnsSDKWrites {
				t.Errorf("%d challenges, want %d", n, dfnsSDKWrites)
			}
		})
	}
}

// Where user actions are replaced, as they are unless told otherwise, the SDK's
// own are not what reaches Dfns.
func TestDfnsSDKReplaced(t *testing.T) {
	needsSDK(t)
	p := dfnsSetup{Lines: dfnsAdmin, Dfns: partnertest.DfnsOptions{AcceptSDKs: true}}.start(t)
	if output, err := runDfnsSDK(t, p, "signer"); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if n := p.challenges(); n != 2*dfnsSDKWrites { // its own and ours
		t.Errorf("%d challenges, want %d", n, 2*dfnsSDKWrites)
	}
}

// challenges are how many were asked for.
func (p dfnsProxy) challenges() (n int) {
	for _, call := range p.calls() {
		if call == "POST /auth/action/init" {
			n++
		}
	}
	return n
}

// checkSDK compares what the SDK made of the answers with what was carried out.
func checkSDK(t *testing.T, p dfnsProxy, output string) {
	t.Helper()
	id := at(output, "wallet", "id")
	for _, test := range []struct {
		path []any
		want any
	}{
		{[]any{"wallet", "name"}, "Büro"},
		{[]any{"renamed", "name"}, "Kasse"},
		{[]any{"read", "id"}, id},
		{[]any{"wallets", "items", 0, "id"}, id},
		{[]any{"transfer", "requestBody", "memo"}, "é <&> 漢"},
		{[]any{"repeated", "id"}, at(output, "transfer", "id")},
		{[]any{"conflict", "httpStatus"}, 409.0},
		{[]any{"signature", "keyId"}, at(output, "key", "id")},
		{[]any{"pending", "httpStatus"}, 202.0},
		{[]any{"approval", "status"}, "Approved"},
		{[]any{"transfers", "items", 1, "status"}, "Broadcasted"},
		{[]any{"archived", "status"}, "Archived"},
		{[]any{"policies", "items", 0, "id"}, at(output, "policy", "id")},
		{[]any{"permissions", "items", 0, "name"}, "payer"},
		{[]any{"accounts", "items", 0, "accessTokens", 0, "credId"}, "cr-1"},
		{[]any{"missing", "httpStatus"}, 404.0},
	} {
		if got := at(output, test.path...); got != test.want || got == nil {
			t.Errorf("%v is %v, want %v", test.path, got, test.want)
		}
	}
	var writes []string
	for _, w := range p.Writes() {
		writes = append(writes, w.Request.Method+" "+strings.Split(w.Request.Target, "/")[1])
		if w.Credential != "cr-1" {
			t.Errorf("%s is signed by %q", w.Request.Target, w.Credential)
		}
	}
	want := []string{
		"POST wallets", "PUT wallets", "POST wallets", "POST keys", "POST keys", "POST permissions", "POST v2", "POST wallets", "POST v2", "DELETE v2",
	}
	if !slices.Equal(writes, want) {
		t.Errorf("carried out %q, want %q", writes, want)
	}
	var statuses []int
	for _, refusal := range p.Refusals() {
		statuses = append(statuses, refusal.Status)
	}
	if !slices.Equal(statuses, []int{409, 404}) { // which the SDK was to meet
		t.Errorf("refused %v", p.Refusals())
	}
}

// runDfnsSDK runs index.mjs and returns what it prints. It has a key only in the
// modes in which it signs, and a token never: partnersign has it.
func runDfnsSDK(t *testing.T, p dfnsProxy, mode string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "--no-deprecation", "index.mjs")
	cmd.Dir = "dfns-sdk"
	cmd.Env = append(os.Environ(), "DFNS_MODE="+mode, "DFNS_BASE_URL="+p.URL)
	if mode != "plain" {
		cmd.Env = append(cmd.Env, "DFNS_CRED_ID=cr-1", "DFNS_PRIVATE_KEY="+p.file.Files["credential.pem"])
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// needsSDK skips where there is no node, without which CI fails, and installs
// the packages that the lock file names, once.
func needsSDK(t *testing.T) {
	t.Helper()
	needsCommand(t, "node")
	if _, err := os.Stat(filepath.Join("dfns-sdk", "node_modules", ".package-lock.json")); err == nil {
		return
	}
	cmd := exec.Command("npm", "ci", "--silent")
	cmd.Dir = "dfns-sdk"
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in e2e/dfns-sdk: %v\n%s", err, output)
	}
}
