package e2e

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// The partner's name is overridden in /etc/hosts, so that applications reach
// the proxy under it. For the proxy it is, too: its own dial is refused, unless
// resolvers finds the partner.
func TestNameOverride(t *testing.T) {
	if err := exec.Command("unshare", "--mount", "true").Run(); err != nil {
		lacks(t, "there can be no other /etc/hosts: %v", err)
	}
	port := freePort(t)
	partner := newAcme(t, partnertest.Options{Address: "127.0.0.2:" + port})
	url := "https://" + partnerName + ":" + port
	resolvers := "resolvers " + serveDNS(t, "127.0.0.2")
	for name, connection := range map[string]string{"with resolvers": resolvers, "without": ""} {
		t.Run(name, func(t *testing.T) {
			partner.Reset()
			p := startOverridden(t, port, strings.Replace(blockAt(url, acme), "transport http {", "transport http {\n"+connection, 1), partner)
			body := p.path("body")
			if err := os.WriteFile(body, []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
			output, err := exec.Command("curl", "-sS", "--resolve", partnerName+":"+port+":127.0.0.1", "--cacert", p.path("caddy/pki/authorities/local/root.crt"),
				"-H", "Content-Type: application/json", "--data-binary", "@"+body, "-w", "%{http_code}", url+"/v1").CombinedOutput()
			if err != nil {
				t.Fatalf("%v %s", err, output)
			}
			if connection == "" {
				if !strings.Contains(string(output), "#loop-detected") || !strings.HasSuffix(string(output), "508") {
					t.Errorf("answered %s", output)
				}
				untouched(t, partner)
				return
			}
			if !strings.HasSuffix(string(output), "200") {
				t.Errorf("answered %s", output)
			}
			only(t, partner, 1)
		})
	}
}

// startOverridden starts Caddy with a site of the partner's name on a machine,
// as it sees it, whose /etc/hosts says that this name is here.
func startOverridden(t *testing.T, port, directives string, partner *partnertest.Partner) *process {
	t.Helper()
	p := &process{Dir: t.TempDir(), URL: "http://127.0.0.1:" + port, t: t, done: make(chan error, 1)}
	for name, content := range map[string]string{
		"hosts": "127.0.0.1 localhost " + partnerName + "\n", "ca.pem": string(partner.CA()), "key.pem": keyOf(t, "ed25519").File,
		"Caddyfile": p.expand("{\n\tadmin unix/DIR/admin.sock\n\tauto_https disable_redirects\n\tskip_install_trust\n\tgrace_period 5s\n" +
			"\tlog {\n\t\toutput file DIR/caddy.log\n\t}\n}\nhttps://" + partnerName + ":PORT {\n\tbind 127.0.0.1\n\ttls internal\n" + directives + "}\n"),
	} {
		if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if p.out, err = os.Create(p.path("output")); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command("unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, p.path("hosts"),
		os.Args[0], "run", "--config", p.path("Caddyfile"), "--adapter", "caddyfile")
	p.cmd.Env = append(os.Environ(), beCaddy+"=1", "HOME="+p.Dir, "XDG_CONFIG_HOME="+p.Dir, "XDG_DATA_HOME="+p.Dir,
		"HTTP_PROXY=", "HTTPS_PROXY=", "http_proxy=", "https_proxy=", "ACME_TOKEN=token-of-acme")
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	p.waitFor(port)
	waitFor(t, "the certificate", func() bool { return strings.Contains(p.Log(), "certificate obtained successfully") })
	return p
}
