package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// The probes of deploy/Caddyfile: a secret that goes away makes the process
// unready and leaves it alive, and the application gets a clear answer.
func TestSidecarProbes(t *testing.T) {
	s := newSidecar(t, partnertest.Options{})
	s.start(nil)
	s.serves()
	ask := func() (ok bool, output string) {
		out, err := s.command("partnersign-ready", "--address", s.Probes+"/readyz").Output()
		return err == nil, string(out)
	}
	s.pay()
	const ready = `{"ready":true,"partners":[{"name":"acme","ready":true}]}`
	if res := get(t, s.Probes+"/readyz"); res.StatusCode != 200 || strings.TrimSpace(res.Text) != ready {
		t.Errorf("%s %s", res.Status, res.Text)
	}
	if ok, output := ask(); !ok || strings.TrimSpace(output) != ready {
		t.Errorf("partnersign-ready: %v %s", ok, output)
	}

	if err := os.Remove(filepath.Join(s.Secrets, "acme-token")); err != nil {
		t.Fatal(err)
	}
	within(t, soon, "not being ready", func() bool { return get(t, s.Probes+"/readyz").StatusCode == 503 })
	missing := "bearer: {file." + s.Secrets + "/acme-token}: no such file or directory: create it or correct the path"
	if ok, output := ask(); ok || !strings.Contains(output, `{"name":"acme","ready":false,"missing":["`+missing+`"]}`) {
		t.Errorf("partnersign-ready: %v %s", ok, output)
	}
	if res := get(t, s.Probes+"/healthz"); res.StatusCode != 200 {
		t.Errorf("/healthz: %s", res.Status)
	}
	get(t, s.URL+"/acme/v1/a").refused(t, 503, "credential-unavailable")

	// A key stays in use without its file, as a half-finished rotation must not
	// stop the traffic.
	s.secret("acme-token", "token-of-acme")
	if err := os.Remove(filepath.Join(s.Secrets, "acme-key.pem")); err != nil {
		t.Fatal(err)
	}
	within(t, soon, "being ready", func() bool { return get(t, s.Probes+"/readyz").StatusCode == 200 })
	s.pay()
	if strings.Contains(s.Output(), "token-of-acme") {
		t.Error("the token is in the log")
	}
}
