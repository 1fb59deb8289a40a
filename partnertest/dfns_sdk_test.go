package partnertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

const dfnsSDK = "../e2e/dfns-sdk"

// TestDfnsSDK: Dfns' own SDK finds everything here that it expects, with every kind of key
// and in both of its ways to sign.
func TestDfnsSDK(t *testing.T) {
	if !haveNode(t) {
		return
	}
	for name, key := range sdkKeys(t) {
		for _, mode := range []string{"signer", "delegated"} {
			if mode == "delegated" && name != "ed25519" {
				continue // the SDK signs the same way
			}
			t.Run(mode+" "+name, func(t *testing.T) {
				d := NewDfns(t, DfnsOptions{Token: dfnsToken, Credentials: map[string]crypto.PublicKey{"cr-1": key.public}, AcceptSDKs: true})
				output, err := runSDK(t, d, mode, key.pem)
				if err != nil {
					t.Fatalf("%v\n%s", err, output)
				}
				checkSDKWorld(t, d, output)
			})
		}
	}
}

// checkSDKWorld compares what the SDK made of the answers with what was carried out.
func checkSDKWorld(t *testing.T, d *Dfns, output string) {
	t.Helper()
	var world callAnswer
	if err := json.Unmarshal([]byte(output), &world.object); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	id := world.at("wallet", "id")
	for _, test := range []struct {
		path []any
		want any
	}{
		{[]any{"wallet", "name"}, "Büro"},
		{[]any{"renamed", "name"}, "Kasse"},
		{[]any{"read", "id"}, id},
		{[]any{"wallets", "items", 0, "id"}, id},
		{[]any{"transfer", "requestBody", "memo"}, "é <&> 漢"},
		{[]any{"repeated", "id"}, world.at("transfer", "id")},
		{[]any{"conflict", "httpStatus"}, 409.0},
		{[]any{"conflict", "message"}, "Conflicting transfer with same externalId"},
		{[]any{"signature", "keyId"}, world.at("key", "id")},
		{[]any{"pending", "httpStatus"}, 202.0},
		{[]any{"approval", "status"}, "Approved"},
		{[]any{"transfers", "items", 1, "status"}, "Broadcasted"},
		{[]any{"archived", "status"}, "Archived"},
		{[]any{"policies", "items", 0, "id"}, world.at("policy", "id")},
		{[]any{"permissions", "items", 0, "name"}, "payer"},
		{[]any{"accounts", "items", 0, "accessTokens", 0, "credId"}, "cr-1"},
		{[]any{"missing", "httpStatus"}, 404.0},
	} {
		if got := world.at(test.path...); got != test.want || got == nil {
			t.Errorf("%v is %v, want %v", test.path, got, test.want)
		}
	}
	var writes []string
	for _, w := range d.Writes() {
		path, _ := w.Request.splitTarget()
		writes = append(writes, w.Request.Method+" "+strings.Split(path, "/")[1])
	}
	want := []string{
		"POST wallets", "PUT wallets", "POST wallets", "POST keys", "POST keys", "POST permissions", "POST v2", "POST wallets", "POST v2", "DELETE v2",
	}
	if !slices.Equal(writes, want) {
		t.Errorf("carried out %q, want %q", writes, want)
	}
	var statuses []int
	for _, refusal := range d.Refusals() {
		statuses = append(statuses, refusal.Status)
	}
	if !slices.Equal(statuses, []int{409, 404}) { // which the SDK was to meet
		t.Errorf("refused %v", d.Refusals())
	}
}

// TestDfnsSDKRefused: the SDK gets through in the forms of its own alone when they are
// accepted, and without a key it writes nothing.
func TestDfnsSDKRefused(t *testing.T) {
	if !haveNode(t) {
		return
	}
	key := sdkKeys(t)["ed25519"]
	for _, test := range []struct{ mode, reason string }{
		{"signer", "clientData: it is"},
		{"plain", "X-DFNS-USERACTION is missing"},
	} {
		d := NewDfns(t, DfnsOptions{Token: dfnsToken, Credentials: map[string]crypto.PublicKey{"cr-1": key.public}})
		output, err := runSDK(t, d, test.mode, key.pem)
		if err == nil || !strings.Contains(output, test.reason) || len(d.Writes()) != 0 {
			t.Errorf("%s: %v, %d writes\n%s", test.mode, err, len(d.Writes()), output)
		}
	}
}

// runSDK runs index.mjs and returns what it prints.
func runSDK(t *testing.T, d *Dfns, mode, key string) (string, error) {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := d.WriteCA(ca); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--no-deprecation", "index.mjs")
	cmd.Dir = dfnsSDK
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+ca, "DFNS_MODE="+mode, "DFNS_BASE_URL="+d.URL(),
		"DFNS_AUTH_TOKEN="+dfnsToken, "DFNS_CRED_ID=cr-1", "DFNS_PRIVATE_KEY="+key)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// haveNode says whether there is node, without which CI fails, and installs the packages
// that the lock file names, once.
func haveNode(t *testing.T) bool {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Log("node is not on this machine: Dfns' SDK was not asked; CI asks it")
		return false
	}
	if _, err := os.Stat(filepath.Join(dfnsSDK, "node_modules", ".package-lock.json")); err == nil {
		return true
	}
	cmd := exec.Command("npm", "ci", "--silent")
	cmd.Dir = dfnsSDK
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in %s: %v\n%s", dfnsSDK, err, output)
	}
	return true
}

type sdkKey struct {
	public crypto.PublicKey
	pem    string
}

// sdkKeys are key pairs as the SDK reads them: PKCS #8 in PEM.
func sdkKeys(t *testing.T) map[string]sdkKey {
	t.Helper()
	edwards := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	koblitz, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	pair := rfc7515Key(t)
	keys := map[string]sdkKey{"secp256k1": {koblitz.PubKey(), toPEM(koblitzPKCS8(t, koblitz))}}
	for name, key := range map[string]crypto.Signer{"ed25519": edwards, "p256": p256, "rsa": pair} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = sdkKey{key.Public(), toPEM(der)}
	}
	return keys
}

func toPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// koblitzPKCS8 writes what crypto/x509 does not: a key on secp256k1 (RFC 5208, RFC 5915,
// and SEC 2 for the curve's identifier).
func koblitzPKCS8(t *testing.T, key *secp256k1.PrivateKey) []byte {
	t.Helper()
	inner, err := asn1.Marshal(struct {
		Version int
		Key     []byte
		Public  asn1.BitString `asn1:"explicit,tag:1"`
	}{1, key.Serialize(), asn1.BitString{Bytes: key.PubKey().SerializeUncompressed(), BitLength: 65 * 8}})
	if err != nil {
		t.Fatal(err)
	}
	curve, err := asn1.Marshal(asn1.ObjectIdentifier{1, 3, 132, 0, 10})
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, Parameters: asn1.RawValue{FullBytes: curve}}, inner})
	if err != nil {
		t.Fatal(err)
	}
	return der
}
