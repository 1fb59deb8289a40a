package e2e

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A wayIn is one of docs/ways-in.md, as an application has it.
type wayIn struct {
	name     string
	url      string // of the partner, for the application
	env      []string
	plain    string // the address of the listener without TLS
	override bool   // the partner's name is in its /etc/hosts
}

// through is the same way by another address.
func (w wayIn) through(address string) wayIn {
	w.url = strings.Replace(w.url, w.plain, address, 1)
	env := make([]string, len(w.env))
	_, port, _ := net.SplitHostPort(w.plain)
	_, other, _ := net.SplitHostPort(address)
	for i, variable := range w.env {
		env[i] = strings.Replace(strings.Replace(variable, w.plain, address, 1), "Port="+port, "Port="+other, 1)
	}
	w.env = env
	return w
}

// waysIn is one Caddy with all four.
type waysIn struct {
	*process
	partner *partnertest.Partner
	all     []wayIn
}

// startWaysIn starts it on a machine, as it sees it, whose /etc/hosts leads the
// partner's name to Caddy. Where applications see no such file, nothing knows the
// name: they come through the proxy or not at all.
func startWaysIn(t *testing.T) waysIn {
	t.Helper()
	base, proxy, port := freePort(t), freePort(t), freePort(t)
	partner := newAcme(t, partnertest.Options{Address: "127.0.0.2:" + port})
	url := "https://" + partnerName + ":" + port
	block := strings.Replace(blockAt(url, acme), "transport http {", "transport http {\n\t\tresolvers "+serveDNS(t, "127.0.0.2"), 1)
	p := startOverridden(t, port, "log\n"+block+"}\n"+
		"http://:"+proxy+" {\n\tbind 127.0.0.1\n\tlog\n"+connects("", block)+"}\n"+
		"http://127.0.0.1:"+base+" {\n\tbind 127.0.0.1\n\tlog\n\thandle_path /acme/* {\n"+block+"}\n", partner)
	through := "http://127.0.0.1:" + proxy
	return waysIn{p, partner, []wayIn{
		{name: "base URL", url: "http://127.0.0.1:" + base + "/acme", plain: "127.0.0.1:" + base},
		{name: "HTTP_PROXY", url: "http://" + partnerName, plain: "127.0.0.1:" + proxy, env: []string{"HTTP_PROXY=" + through, "http_proxy=" + through,
			"JAVA_TOOL_OPTIONS=-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=" + proxy}},
		{name: "HTTPS_PROXY", url: url, env: []string{"HTTPS_PROXY=" + through, "https_proxy=" + through,
			"JAVA_TOOL_OPTIONS=-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=" + proxy + " " + p.javaTrust()}},
		{name: "name override", url: url, override: true, env: []string{"JAVA_TOOL_OPTIONS=" + p.javaTrust()}},
	}}
}

func (p *process) javaTrust() string {
	return "-Djavax.net.ssl.trustStore=" + p.path("root.p12") + " -Djavax.net.ssl.trustStorePassword=changeit"
}

// trustRoot makes the files by which clients that have no variable for it are
// given the root, as docs/ways-in.md says.
func (w waysIn) trustRoot(t *testing.T) {
	t.Helper()
	for name, content := range map[string]string{"wgetrc": "ca_certificate = ", "root.ini": "openssl.cafile="} {
		if err := os.WriteFile(w.path(name), []byte(content+w.root()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("keytool"); err != nil {
		return // and so there is no Java
	}
	output, err := exec.Command("keytool", "-importcert", "-noprompt", "-alias", "caddy", "-file", w.root(),
		"-keystore", w.path("root.p12"), "-storepass", "changeit").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

func (w waysIn) root() string { return w.path("caddy/pki/authorities/local/root.crt") }

// command is an application's, with what its environment says of this way.
func (w waysIn) command(t *testing.T, way wayIn, name string, args ...string) *exec.Cmd {
	t.Helper()
	if way.override {
		args = append([]string{"--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, w.path("hosts"), name}, args...)
		name = "unshare"
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "HTTP_PROXY=", "http_proxy=", "HTTPS_PROXY=", "https_proxy=", "NO_PROXY=", "no_proxy=",
		"CURL_CA_BUNDLE="+w.root(), "SSL_CERT_FILE="+w.root(), "NODE_EXTRA_CA_CERTS="+w.root(), "PERL_LWP_SSL_CA_FILE="+w.root(),
		"WGETRC="+w.path("wgetrc"), "PHPRC="+w.path("root.ini"))
	cmd.Env = append(cmd.Env, way.env...)
	return cmd
}
