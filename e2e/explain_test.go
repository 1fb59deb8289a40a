package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// command runs a command of partnersign beside the process, with its
// environment, and returns its status and what it has printed, but for the warning
// that a test's Caddyfile is not formatted.
func (p *process) command(args ...string) (status int, stdout, stderr string) {
	p.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"partnersign"}, args...)...)
	cmd.Env = p.cmd.Env
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		p.t.Fatal(err)
	}
	return status, out.String(), notFormatted.ReplaceAllString(errs.String(), "")
}

var notFormatted = regexp.MustCompile(`(?m)^warning: \S+ Caddyfile input is not formatted.*\n`)

const (
	explainToken    = `sk_live_"canary"\1`
	explainPassword = "password-canary"
	explainField    = "field-canary"
)

var (
	createdOf     = regexp.MustCompile(`created=(\d+)`)
	nonceOf       = regexp.MustCompile(`nonce="([^"]+)"`)
	signatureLine = regexp.MustCompile(`(?m)^(Signature: (?:.*, )?sig\d=:)([^:]+)(:)`)
)

// masked is what a process has sent as explain shows it: the secrets by their
// references, signatures by their length.
func masked(text string) string {
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + explainPassword))
	text = strings.NewReplacer(
		"Basic "+basic, "Basic base64(user:{env.EXPLAIN_PASSWORD})",
		explainToken, "{env.EXPLAIN_TOKEN}", explainField, "{env.EXPLAIN_FIELD}",
	).Replace(text)
	return signatureLine.ReplaceAllStringFunc(text, func(line string) string {
		parts := signatureLine.FindStringSubmatch(line)
		raw, _ := base64.StdEncoding.DecodeString(parts[2])
		return fmt.Sprintf("%s(%d bytes)%s", parts[1], len(raw), parts[3])
	})
}

// What explain shows is what a process sends, header for header, and the base is
// the one that the partner rebuilds; verify says of the same bytes that they are
// valid, and why not when they are changed.
func TestExplainIsWhatIsSent(t *testing.T) {
	for _, algorithm := range []string{"ed25519", "ecdsa-p384-sha384", "rsa-pss-sha512", "hmac-sha256"} {
		t.Run(algorithm, func(t *testing.T) { testExplain(t, algorithm) })
	}
}

func testExplain(t *testing.T, algorithm string) {
	key := keyOf(t, algorithm)
	partner := partnertest.New(t, partnertest.Options{
		Protocols: []string{"http/1.1"},
		Require:   partnertest.Require{Keys: map[string]partnertest.Key{"key-1": key.Partner}},
	})
	signature := "signature {\nkey DIR/key.pem\nkey_id key-1\nalgorithm " + algorithm +
		"\ncomponents @method @target-uri @query? content-digest? content-type? content-length? authorization\nparameters created expires=60s nonce keyid alg\n}\n"
	p := startCaddy(t, caddyfile{
		Site: "handle_path /bearer/* {\n" + block(partner, "bearer {env.EXPLAIN_TOKEN}\nidempotency_key\ncontent_digest sha-256 sha-512\n"+signature) + "}\n" +
			"handle_path /basic/* {\nuri strip_suffix /end\n" + block(partner, "basic_auth user {env.EXPLAIN_PASSWORD}\njson_field /tenant acme\nheader X-Field \"{env.EXPLAIN_FIELD} at {time.now.http}\"\n"+
			"header -X-Gone\ncontent_digest\n"+signature) + "}\n",
		Files: map[string]string{"ca.pem": string(partner.CA()), "key.pem": key.File, "pub.pem": key.PEM, "body.json": "{\"amount\": 12.50,\n \"to\":\"ä\"}"},
		Env:   []string{"EXPLAIN_TOKEN=" + explainToken, "EXPLAIN_PASSWORD=" + explainPassword, "EXPLAIN_FIELD=" + explainField},
	})
	body := p.path("body.json")
	for _, request := range []struct {
		method, target, body string
		headers              []string
	}{
		{"POST", "/bearer/v1/pay%3Aments?b=%20x&a=1+2", body, []string{"Content-Type: application/json", "Idempotency-Key: key-of-the-client", "User-Agent: test/1"}},
		{"GET", "/bearer/v1/a%20b", "", []string{"Cookie: session=client", "X-Forwarded-For: 10.0.0.1", "X-List: a", "X-List: b", "User-Agent: test/1"}},
		{"DELETE", "/basic/v1/end?q", "", []string{"Idempotency-Key: 1", "X-Gone: x", "User-Agent: test/1"}},
		{"PUT", "/basic/v1/x", body, []string{"Content-Type: application/json", "User-Agent: test/1"}},
	} {
		content := readFile(request.body)
		p.send(request.method, request.target, strings.NewReader(content), request.headers...)
		sent := partner.Last()
		if !sent.Verdict.OK {
			t.Fatalf("%s %s: %q", request.method, request.target, sent.Verdict.Problems)
		}
		input := sent.Header.Get("Signature-Input")
		arguments := []string{"explain", "--config", p.path("Caddyfile"), "--method", request.method, "--url", p.URL + request.target,
			"--now", createdOf.FindStringSubmatch(input)[1], "--nonce", nonceOf.FindStringSubmatch(input)[1], "--json"}
		if request.body != "" {
			arguments = append(arguments, "--data", "@"+request.body)
		}
		for _, header := range append(request.headers, "Accept-Encoding: identity") {
			arguments = append(arguments, "--header", header)
		}
		status, stdout, stderr := p.command(arguments...)
		if status != 0 || stderr != "" || strings.Contains(stdout, "canary") {
			t.Fatalf("status %d: %s %s", status, stderr, stdout)
		}
		p.assertSent(t, stdout, sent)
		p.assertVerified(t, key, sent)
	}
}

// assertSent compares an explanation with what the partner has got.
func (p *process) assertSent(t *testing.T, explained string, sent *partnertest.Request) {
	t.Helper()
	var e struct {
		Steps []struct{ Base []string }
		Sent  struct {
			Line    string
			Headers [][2]string
			Body    struct{ Text string }
		}
	}
	if err := json.Unmarshal([]byte(explained), &e); err != nil {
		t.Fatal(err)
	}
	lines := []string{e.Sent.Line}
	for _, h := range e.Sent.Headers {
		lines = append(lines, h[0]+": "+h[1])
	}
	if got, want := strings.Join(lines, "\r\n"), masked(sent.Head()); got != want {
		t.Errorf("explained:\n%s\nand sent:\n%s", got, want)
	}
	if want := masked(string(sent.Body)); e.Sent.Body.Text != want {
		t.Errorf("explained %q, and sent %q", e.Sent.Body.Text, want)
	}
	base := strings.Join(e.Steps[len(e.Steps)-1].Base, "\n")
	if want := masked(sent.Verdict.Signatures[0].Base); base != want {
		t.Errorf("the base is explained as\n%s\nand the partner rebuilds\n%s", base, want)
	}
}

// assertVerified has verify judge the bytes of the wire, as they are and with a
// change.
func (p *process) assertVerified(t *testing.T, key signingKey, sent *partnertest.Request) {
	t.Helper()
	with := []string{"--key", p.path("pub.pem")}
	if key.Secret != nil {
		with = []string{"--secret", p.path("key.pem")}
	}
	for name, test := range map[string]struct {
		wire   string
		status int
		says   string
	}{
		"as sent": {string(sent.Raw), 0, "valid\n"},
		"changed": {strings.Replace(string(sent.Raw), sent.Method+" /v1", sent.Method+" /v1/", 1), 1, "path-slash"},
	} {
		file := p.path("captured.http")
		if err := os.WriteFile(file, []byte(test.wire), 0o600); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := p.command(append([]string{"verify", "--request", file, "--max-age", "1h"}, with...)...)
		if status != test.status || stderr != "" || !strings.Contains(stdout, test.says) || strings.Contains(stdout, "canary") {
			t.Errorf("%s: status %d %s\n%s", name, status, stderr, stdout)
		}
	}
}
