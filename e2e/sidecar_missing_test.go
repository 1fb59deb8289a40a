package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// A sidecar that lacks things says so once, for all of its partners, and does
// not open a listener.
func TestSidecarNamesAllThatIsMissing(t *testing.T) {
	s := newSidecar(t, partnertest.Options{})
	text := readFile(s.Caddyfile)
	second := strings.NewReplacer("/acme/*", "/other/*", "name acme", "name other", "acme-token", "other-token").Replace(text)
	second = second[strings.Index(second, "\thandle_path"):strings.Index(second, "\thandle {")]
	s.write(strings.Replace(text, "\thandle {", second+"\thandle {", 1))
	names := map[string]string{
		"acme-token":   "acme: bearer: ",
		"other-token":  "other: bearer: ",
		"acme-key.pem": "other: signature sig1: key: ",
	}
	for name := range names {
		_ = os.Remove(filepath.Join(s.Secrets, name))
	}
	for _, subcommand := range []string{"validate", "run"} {
		output, err := s.command(subcommand, "--config", s.Caddyfile, "--adapter", "caddyfile").CombinedOutput()
		if err == nil {
			t.Errorf("caddy %s succeeds", subcommand)
		}
		for name, what := range names {
			if want := what + "{file." + s.Secrets + "/" + name + "}: no such file or directory"; strings.Count(string(output), want) != 1 {
				t.Errorf("caddy %s does not say %q once:\n%s", subcommand, want, output)
			}
		}
		if strings.Contains(string(output), "server running") {
			t.Errorf("caddy %s served for a while:\n%s", subcommand, output)
		}
	}
	for _, url := range []string{s.URL, s.Probes} {
		if conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
			_ = conn.Close()
			t.Errorf("%s listens", url)
		}
	}

	// With all of it there it starts; a reload that would lack something
	// changes nothing and says what.
	s.secret("acme-token", "token-of-acme")
	s.secret("other-token", "token-of-other")
	s.secret("acme-key.pem", keyOf(t, "ed25519").File)
	s.start(nil)
	s.serves()
	s.pay()
	_ = os.Remove(filepath.Join(s.Secrets, "other-token"))
	_ = os.Remove(filepath.Join(s.Secrets, "acme-key.pem"))
	s.write(readFile(s.Caddyfile) + "\n# changed\n")
	if err := s.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the reload to fail", func() bool { return strings.Contains(s.Output(), "failed to reload config from file") })
	for _, want := range []string{names["other-token"], names["acme-key.pem"]} {
		if !strings.Contains(s.Output(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	s.pay()
}
