package caddymodule_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/goleak"

	"github.com/partnersign/partnersign/signer"
)

// secrets is a directory with the files that Caddyfiles of these tests name as
// /run/secrets/….
var secrets string

func TestMain(m *testing.M) {
	// An outbound proxy in the environment, as many servers have it; Go reads
	// it once. Loopback is exempt, so that it shows for unix sockets only.
	_ = os.Setenv("HTTP_PROXY", "http://proxy.invalid:3128")
	_ = os.Unsetenv("HTTPS_PROXY")
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if secrets, err = os.MkdirTemp("", "partnersign"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(secrets)
	if err := writeSecrets(); err != nil {
		return 1, err
	}
	if code = m.Run(); code == 0 {
		// Caddy's own stay as long as the contexts that they were provisioned in,
		// and its log files' for good.
		err = goleak.Find(
			goleak.IgnoreAnyFunction("github.com/DeRuina/timberjack.(*Logger).millRun"),
			goleak.IgnoreAnyFunction("github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy.(*metricsUpstreamsHealthyUpdater).init.func1"),
			goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*Cache).maintainAssets"))
	}
	return code, err
}

func writeSecrets() error {
	_, ed25519Key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return err
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "partnersign test"},
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, p256.Public(), p256)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"token":      []byte("sk_live_in_a_file\n"),
		"dfns-token": []byte("a token\n"),
		"store-key":  []byte("MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=\n"),
		"hmac":       []byte(base64.StdEncoding.EncodeToString(make([]byte, 64))),
		"ca.pem":     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"client.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"jwk.json": fmt.Appendf(nil, `{"kty":"OKP","crv":"Ed25519","kid":"jwk-1","x":%q,"d":%q}`,
			base64.RawURLEncoding.EncodeToString(ed25519Key.Public().(ed25519.PublicKey)),
			base64.RawURLEncoding.EncodeToString(ed25519Key.Seed())),
	}
	for name, key := range map[string]any{
		"ed25519.pem": ed25519Key, "p256.pem": p256, "client.key": p256, "offblocks-p384.pem": p384,
		"dfns-credential.pem": ed25519Key, "dfns-app.pem": rsaKey,
	} {
		if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
			return err
		}
		files[name] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(secrets, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// parse is the Caddy configuration of adapted JSON, with the directory of
// secrets, with 127.0.0.1 for listeners without a host and without an admin
// endpoint.
func parse(t testing.TB, adapted []byte) *caddy.Config {
	t.Helper()
	var config caddy.Config
	adapted = []byte(strings.ReplaceAll(string(adapted), "/run/secrets/", secrets+"/"))
	adapted = anyAddress.ReplaceAll(adapted, []byte(`${1}127.0.0.1:`))
	if err := caddy.StrictUnmarshalJSON(adapted, &config); err != nil {
		t.Fatal(err)
	}
	config.Admin = &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: new(bool)}}
	return &config
}

var anyAddress = regexp.MustCompile(`("listen":\s*\[\s*"):`)

// mustAdapt is the configuration of a Caddyfile that is right.
func mustAdapt(t testing.TB, caddyfile string) *caddy.Config {
	t.Helper()
	adapted, err := adapt(t, caddyfile)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, adapted)
}

// setEnv sets every variable that a configuration names.
func setEnv(t *testing.T, config string) {
	t.Helper()
	for _, name := range regexp.MustCompile(`\{env\.(\w+)\}`).FindAllStringSubmatch(config, -1) {
		t.Setenv(name[1], "value-of-"+name[1]+"-and-enough-bytes-for-hmac")
	}
}

// newContext is the context of a configuration without apps.
func newContext(t testing.TB) caddy.Context {
	t.Helper()
	ctx, err := caddy.ProvisionContext(parse(t, []byte("{}")))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// site is a Caddyfile with one site, which is served under every name.
func site(directives string) string {
	return "http://:8080 {\n" + directives + "\n}\n"
}

// handler is what serves the site of a Caddyfile, without a listener.
func handler(t testing.TB, caddyfile string) (http.Handler, caddy.Context) {
	t.Helper()
	ctx, err := caddy.ProvisionContext(mustAdapt(t, caddyfile))
	if err != nil {
		t.Fatal(err)
	}
	app, err := ctx.App("http")
	if err != nil {
		t.Fatal(err)
	}
	return app.(*caddyhttp.App).Servers["srv0"], ctx
}

// serve serves the site of a Caddyfile.
func serve(t testing.TB, caddyfile string) *httptest.Server {
	t.Helper()
	h, _ := handler(t, caddyfile)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// An answer is a response with its body read.
type answer struct {
	*http.Response
	Body string
}

// send sends a request with these headers, "Name: value", to the site.
func send(t testing.TB, client *http.Client, url string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		} else {
			req.Header[name] = append(req.Header[name], value) // as written
		}
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(body)}
}

// assertProblem asserts that the answer is one of the proxy's own.
func (a answer) assertProblem(t testing.TB, kind signer.Kind, partner string) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type":   "application/problem+json",
		"Cache-Control":  "no-store",
		"Proxy-Status":   "partnersign; error=" + kind.ProxyError,
		"Content-Length": strconv.Itoa(len(a.Body)),
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	var problem struct {
		Type, Title, Detail, Partner string
		Status                       int
	}
	if err := json.Unmarshal([]byte(a.Body), &problem); err != nil {
		t.Fatalf("the answer %d is no problem: %v: %s", a.StatusCode, err, a.Body)
	}
	if a.StatusCode != kind.Status || problem.Status != kind.Status || problem.Type != signer.ProblemBase+kind.Name || problem.Title != kind.Title || problem.Partner != partner || problem.Detail == "" {
		t.Errorf("got %d %+v, want %+v about %q", a.StatusCode, problem, kind, partner)
	}
}
