package e2e

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// A script of ten lines that knows nothing of signing, and calls below a path.
func TestDfnsPython(t *testing.T) {
	needsCommand(t, "python3")
	for _, app := range []bool{false, true} {
		p := dfnsSetup{App: app, Site: "handle_path /dfns/* {\nBLOCK}\n"}.start(t)
		output, err := exec.Command("python3", "testdata/dfns/wallet.py", p.URL+"/dfns").Output()
		if err != nil {
			t.Fatalf("%v %s", err, err.(*exec.ExitError).Stderr)
		}
		p.created(t, string(output))
	}
}

// curl makes a wallet, a transfer and a list.
func TestDfnsCurl(t *testing.T) {
	needsCommand(t, "curl")
	for _, app := range []bool{false, true} {
		p := dfnsSetup{App: app}.start(t)
		curl := func(args ...string) string {
			t.Helper()
			output, err := exec.Command("curl", append([]string{"-sS", "--fail-with-body"}, args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			return string(output)
		}
		wallet := curl(p.URL+"/wallets", "--json", `{"network": "EthereumSepolia", "name": "Büro"}`)
		transfer := curl(fmt.Sprint(p.URL, "/wallets/", at(wallet, "id"), "/transfers"), "--json", transfer(""))
		wallets := curl(p.URL + "/wallets?limit=10")
		p.created(t, `{"wallet":`+wallet+`,"transfer":`+transfer+`,"wallets":`+wallets+`}`)
	}
}

// created checks what a client says of a wallet, a transfer and a list.
func (p dfnsProxy) created(t *testing.T, output string) {
	t.Helper()
	p.inOrder(t)
	id := at(output, "wallet", "id")
	if id == nil || at(output, "wallets", "items", 0, "id") != id || at(output, "wallets", "items", 0, "name") != "Büro" || at(output, "transfer", "walletId") != id {
		t.Error(output)
	}
	p.saw(t, slices.Concat(signed("POST /wallets"), signed(fmt.Sprintf("POST /wallets/%s/transfers", id)), []string{"GET /wallets?limit=10"})...)
	if n := len(p.Writes()); n != 2 {
		t.Errorf("%d writes", n)
	}
}

// dfnsKeys are commands of openssl that make keys of credentials, in the forms
// that are around.
var dfnsKeys = map[string][]string{
	"Ed25519":           {"genpkey", "-algorithm", "ED25519"},
	"P-256":             {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"},
	"P-256, SEC 1":      {"ecparam", "-name", "prime256v1", "-genkey", "-noout"},
	"secp256k1":         {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"},
	"secp256k1, SEC 1":  {"ecparam", "-name", "secp256k1", "-genkey", "-noout"},
	"RSA":               {"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
	"RSA 4096, PKCS #1": {"genrsa", "-traditional", "4096"},
}

// Each kind of key that Dfns knows signs what Dfns accepts.
func TestDfnsCredentialKeys(t *testing.T) {
	needsCommand(t, "openssl")
	for name, command := range dfnsKeys {
		t.Run(name, func(t *testing.T) {
			p := dfnsSetup{Key: openssl(t, command...)}.start(t)
			p.wallet()
			p.inOrder(t)
			p.saw(t, signed("POST /wallets")...)
			if writes := p.Writes(); len(writes) != 1 || writes[0].Credential != "cr-1" {
				t.Errorf("%+v", writes)
			}
		})
	}
}

// openssl makes a key, and reads its public half.
func openssl(t *testing.T, command ...string) dfnsKey {
	t.Helper()
	dir := t.TempDir()
	shell(t, dir, "openssl "+strings.Join(command, " ")+" > key.pem\nopenssl pkey -in key.pem -pubout -out key.pub.pem")
	return dfnsKey{readFile(filepath.Join(dir, "key.pem")), publicKey(t, filepath.Join(dir, "key.pub.pem"))}
}

func publicKey(t *testing.T, path string) crypto.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(readFile(path)))
	if block == nil {
		t.Fatalf("%s is not PEM", path)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil { // crypto/x509 does not know secp256k1, whose point comes last
		public, err = secp256k1.ParsePubKey(block.Bytes[len(block.Bytes)-65:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return public
}
