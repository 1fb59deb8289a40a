package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What docs/offblocks.md says from the key to the first customer works word by
// word, and all of its configurations load.
func TestOffBlocksDocs(t *testing.T) {
	for _, command := range []string{"openssl", "curl", "jq"} {
		needsCommand(t, command)
	}
	commands, files := pageBlocks(t, "offblocks", "sh", 2), pageBlocks(t, "offblocks", "caddyfile", 5)
	dir := t.TempDir()
	shell(t, dir, commands[0])
	offBlocks := partnertest.NewOffBlocks(t, partnertest.OffBlocksOptions{
		APIKey: offBlocksAPIKey, APISecret: offBlocksSecret, Key: registered(t, readFile(dir+"/offblocks.pub.b64")), KeyID: offBlocksKeyID,
	})
	file := docsFile(files[0], "partner_proxy offblocks {", "partner_proxy offblocks "+offBlocks.URL()+" {")
	file.Files = map[string]string{
		"ca.pem": string(offBlocks.CA()), "offblocks.pem": readFile(dir + "/offblocks.pem"),
		"offblocks-key-id": offBlocksKeyID + "\n", "offblocks-api-secret": offBlocksSecret + "\n",
	}
	file.Env = []string{"OFFBLOCKS_API_KEY=" + offBlocksAPIKey, "CLIENT_SECRET=a"}
	p := startCaddy(t, file)
	output := shell(t, dir, strings.ReplaceAll(commands[1], "http://localhost:8080", p.URL))
	if !strings.Contains(output, `"externalId":"7"`) || !strings.Contains(output, `{"challenge":"`) || len(offBlocks.Refusals()) > 0 {
		t.Errorf("%s %v", output, offBlocks.Refusals())
	}
	p.loads(t, onLoopback(files))

	// The one that spells the preset out stands for the same.
	preset := strings.TrimSuffix(strings.SplitN(files[1], "\tclient_auth", 2)[0], "\n") + "\n}\n"
	short, long := p.transport(t, preset), p.transport(t, files[3])
	if !bytes.Equal(short, long) || len(short) < 500 {
		t.Errorf("the preset is\n%s\nand the page says\n%s", short, long)
	}
}

// onLoopback puts what is no site into one that listens here alone.
func onLoopback(files []string) (sites []string) {
	for _, file := range files {
		if !strings.HasPrefix(file, "http") && !strings.HasPrefix(file, "{") {
			file = "http://localhost:8080 {\n\tbind 127.0.0.1\n" + file + "}\n"
		}
		sites = append(sites, file)
	}
	return sites
}

// transport is what a Caddyfile stands for.
func (p *process) transport(t *testing.T, file string) []byte {
	t.Helper()
	var adapted any
	if err := json.Unmarshal([]byte(p.adapt(t, file)), &adapted); err != nil {
		t.Fatal(err)
	}
	var transport map[string]any
	if err := json.Unmarshal([]byte(find(adapted, "transport")), &transport); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(transport, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// registered reads a key as OffBlocks does: base64 of a PEM.
func registered(t *testing.T, text string) *ecdsa.PublicKey {
	t.Helper()
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(decoded)
	if block == nil {
		t.Fatalf("%s is not PEM", decoded)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return public.(*ecdsa.PublicKey)
}
