package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

var conformanceRequests = flag.Int("conformance", 150, "generated requests for each algorithm, profile and protocol")

var algorithms = []string{
	"ed25519", "ecdsa-p256-sha256", "ecdsa-p384-sha384", "ecdsa-p521-sha512", "rsa-pss-sha512", "rsa-v1_5-sha256", "hmac-sha256",
}

// profiles are what signatures cover: the plain one is understood by every
// verifier, the others have components that one or the other gets wrong.
var profiles = map[string]string{
	"plain": "@method @authority @scheme @path authorization content-digest? content-type? content-length? idempotency-key? user-agent accept-encoding date x-number",
	"exact": "@method @target-uri @request-target @path @query x-odd? x-dict? date idempotency-key? content-length?",
	"full":  "@request-target @query? @query-param;name=page? x-odd? x-odd;bs? x-dict? x-dict;sf? x-dict;key=a? content-digest? content-digest;key=sha-512? content-length? authorization",
}

// Thousands of generated requests, with every oddity that HTTP allows, go
// through Caddy; httpsign, partnertest's own rebuild and npm packages verify
// what arrived, byte for byte from the wire.
func TestConformance(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) { conform(t, protocol) })
	}
}

func conform(t *testing.T, protocol string) {
	require := partnertest.Require{
		Bearer: "token", Keys: map[string]partnertest.Key{}, Parameters: []string{"created", "nonce", "keyid"},
		RefuseReplays: true, ContentDigest: "sha-512",
	}
	files := map[string]string{}
	for _, algorithm := range algorithms {
		key := keyOf(t, algorithm)
		require.Keys[algorithm] = key.Partner
		files[algorithm+".key"] = key.File
	}
	partner := partnertest.New(t, partnertest.Options{Protocols: []string{protocol}, Require: require})
	files["ca.pem"] = string(partner.CA())
	var site strings.Builder
	for _, algorithm := range algorithms {
		for profile, components := range profiles {
			fmt.Fprintf(&site, "@%[1]s-%[2]s header X-Profile %[1]s-%[2]s\n", algorithm, profile)
			site.WriteString(strings.Replace(block(partner, fmt.Sprintf(`
				bearer {env.TOKEN}
				idempotency_key
				content_digest sha-512
				header ?Date {time.now.http}
				signature {
					key DIR/%[1]s.key
					key_id %[1]s
					algorithm %[1]s
					components %[2]s
					parameters created expires=5m nonce keyid
				}`, algorithm, components)), "partner_proxy", "partner_proxy @"+algorithm+"-"+profile, 1))
		}
	}
	caddy := startCaddy(t, caddyfile{Site: site.String(), Files: files, Env: []string{"TOKEN=token"}})

	sent := sendGenerated(t, caddy)
	received := partner.Requests()
	if len(received) != len(sent) {
		t.Fatalf("sent %d, the partner received %d", len(sent), len(received))
	}
	httpsign, unasked := 0, map[string]int{}
	for i, r := range received {
		want := sent[i]
		if !r.Verdict.OK {
			t.Fatalf("request %d was refused: %v\nsent\n%s\nreceived\n%s %s\n%v", i, r.Verdict.Problems, want.bytes("x"), r.Method, r.Target, r.Header)
		}
		if r.Method != want.method || r.Target != want.target || string(r.Body) != want.body {
			t.Fatalf("request %d: sent %s %s with %d bytes, received %s %s with %d", i, want.method, want.target, len(want.body), r.Method, r.Target, len(r.Body))
		}
		if verdict := r.Verdict.Signatures[0].HTTPSign; verdict == "accepted" {
			httpsign++
		} else {
			reason, _, _ := strings.Cut(verdict, " for ")
			unasked[reason]++
		}
	}
	t.Logf("httpsign could not judge: %v", unasked)
	t.Logf("%d requests: partnertest verified all, httpsign %d", len(received), httpsign)
	// Foreign verifiers have limits of their own; they must have judged most of
	// what they can.
	least := len(received) / 3
	if httpsign < least {
		t.Errorf("httpsign judged too few: %d of %d", httpsign, len(received))
	}
	if _, err := exec.LookPath("node"); err != nil && os.Getenv("CI") == "" {
		t.Log("node is not on this machine: npm packages were not asked; CI asks them")
		return
	}
	if node := verifyWithNode(t, received); node < least {
		t.Errorf("npm packages judged too few: %d of %d", node, len(received))
	}
}

// sendGenerated sends the requests one after the other on one connection.
func sendGenerated(t *testing.T, caddy *process) (sent []generated) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(caddy.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	r := rand.New(rand.NewPCG(9421, 9530))
	for _, algorithm := range algorithms {
		for profile := range profiles {
			for i := range *conformanceRequests {
				g := generate(r, i)
				g.headers = append(g.headers, "X-Profile: "+algorithm+"-"+profile)
				if _, err := io.WriteString(conn, g.bytes("127.0.0.1")); err != nil {
					t.Fatal(err)
				}
				res, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatalf("%v after\n%s", err, g.bytes("127.0.0.1"))
				}
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				if res.StatusCode != 200 {
					t.Fatalf("%d %s after\n%.2000s", res.StatusCode, body, g.bytes("127.0.0.1"))
				}
				sent = append(sent, g)
			}
		}
	}
	return sent
}

// verifyWithNode asks the verifier in e2e/verifier and returns how many
// requests it judged: those that no package of npm can judge, it says so of.
func verifyWithNode(t *testing.T, received []*partnertest.Request) (judged int) {
	installNode(t)
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	type key struct {
		KeyID  string `json:"kid"`
		Alg    string `json:"alg"`
		PEM    string `json:"pem,omitempty"`
		Secret []byte `json:"secret,omitempty"`
	}
	var keys []key
	for _, algorithm := range algorithms {
		if algorithm != "ecdsa-p521-sha512" { // not registered
			k := keyOf(t, algorithm)
			keys = append(keys, key{algorithm, algorithm, k.PEM, k.Secret})
		}
	}
	_ = encoder.Encode(map[string]any{"keys": keys})
	asked := 0
	for i, r := range received {
		if r.Verdict.Signatures[0].KeyID == "ecdsa-p521-sha512" {
			continue
		}
		asked++
		line := map[string]any{"id": i, "scheme": r.Scheme, "raw": base64.StdEncoding.EncodeToString(r.Raw)}
		if r.Raw == nil {
			delete(line, "raw")
			line["h2"] = map[string]any{"method": r.Method, "authority": r.Authority, "path": r.Target, "headers": r.Header, "body": r.Body}
		}
		_ = encoder.Encode(line)
	}
	cmd := exec.Command("node", "verify.mjs")
	cmd.Dir, cmd.Stdin, cmd.Stderr = "verifier", &input, os.Stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answered, skipped := 0, map[string]int{}
	for line := range bytes.Lines(output) {
		var verdict struct {
			ID      int
			OK      *bool
			Error   string
			Skipped string
			Digest  *bool
		}
		if err := json.Unmarshal(line, &verdict); err != nil {
			t.Fatal(err)
		}
		answered++
		r := received[verdict.ID]
		if verdict.Digest != nil && !*verdict.Digest || verdict.Digest == nil && len(r.Body) > 0 {
			t.Fatalf("request %d: npm packages do not accept the digest of\n%.2000q", verdict.ID, r.Raw)
		}
		switch {
		case verdict.OK == nil:
			skipped[verdict.Skipped]++
		case !*verdict.OK:
			t.Fatalf("request %d: npm packages refuse it: %s\n%s %s\n%v", verdict.ID, verdict.Error, r.Method, r.Target, r.Header)
		default:
			judged++
		}
	}
	if answered != asked {
		t.Fatalf("asked about %d, answered %d", asked, answered)
	}
	t.Logf("npm packages verified %d and could not judge: %v", judged, skipped)
	return judged
}

// installNode installs the packages that the lock file names, once.
func installNode(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("verifier", "node_modules", ".package-lock.json")); err == nil {
		return
	}
	cmd := exec.Command("npm", "ci", "--silent")
	cmd.Dir = "verifier"
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in e2e/verifier: %v\n%s", err, output)
	}
}
