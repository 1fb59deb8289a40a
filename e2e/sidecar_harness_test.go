package e2e

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// A sidecar is a Caddy as deploy/ runs it: with deploy/Caddyfile, secrets as
// files and nothing else to write to.
type sidecar struct {
	URL, Probes string // http://127.0.0.1:port
	Secrets     string // a directory
	state       string // another one
	Caddyfile   string // its path
	partner     *partnertest.Partner
	cmd         *exec.Cmd
	done        chan struct{} // closed when it has ended
	output      string        // a path
	t           testing.TB
}

// newSidecar prepares one and does not start it. The partner is played here,
// and the ports are free ones.
func newSidecar(t *testing.T, opts partnertest.Options) *sidecar {
	t.Helper()
	key := keyOf(t, "ed25519")
	opts.Require = partnertest.Require{
		Bearer: "token-of-acme", Keys: map[string]partnertest.Key{"acme-2026": key.Partner},
		ContentDigest: "sha-256", IdempotencyKey: partnertest.RawUUID,
	}
	dir := t.TempDir()
	s := &sidecar{
		URL: "http://127.0.0.1:" + freePort(t), Probes: "http://127.0.0.1:" + freePort(t),
		Secrets: filepath.Join(dir, "secrets"), state: t.TempDir(), Caddyfile: filepath.Join(dir, "Caddyfile"), output: filepath.Join(dir, "output"),
		partner: partnertest.New(t, opts), t: t, done: make(chan struct{}),
	}
	if err := os.Mkdir(s.Secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	s.secret("acme-token", "token-of-acme\n")
	s.secret("acme-key.pem", key.File)
	s.secret("ca.pem", string(s.partner.CA()))
	text, err := os.ReadFile("../deploy/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	s.write(s.played(string(text)))
	return s
}

// played is a Caddyfile of deploy/ with the partner and the ports of this test.
func (s *sidecar) played(text string) string {
	s.t.Helper()
	for old, replacement := range map[string]string{
		":8080": s.URL[strings.LastIndexByte(s.URL, ':'):],
		":2020": s.Probes[strings.LastIndexByte(s.Probes, ':'):],
		"partner_proxy https://api.acme.example {": "partner_proxy " + s.partner.URL() + " {\n\t\t\ttransport http {\n\t\t\t\ttls_trust_pool file " + s.Secrets + "/ca.pem\n\t\t\t}",
	} {
		if !strings.Contains(text, old) {
			s.t.Fatalf("deploy/Caddyfile has no %q", old)
		}
		text = strings.ReplaceAll(text, old, replacement)
	}
	return text
}

func (s *sidecar) write(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.Caddyfile, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sidecar) secret(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.Secrets, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// command is `caddy <args>` with only the environment that deploy/ gives.
func (s *sidecar) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = []string{beCaddy + "=1", "HOME=/", "XDG_CONFIG_HOME=" + s.state, "XDG_DATA_HOME=" + s.state, "CREDENTIALS_DIRECTORY=" + s.Secrets}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// start runs cmd, or `caddy run` without one.
func (s *sidecar) start(cmd *exec.Cmd) {
	s.t.Helper()
	if cmd == nil {
		cmd = s.command("run", "--config", s.Caddyfile, "--adapter", "caddyfile")
	}
	out, err := os.Create(s.output)
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	done := make(chan struct{})
	s.done = done
	go func() { _ = cmd.Wait(); close(done) }()
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if output := s.Output(); strings.Contains(output, "DATA RACE") || strings.Contains(output, "panic:") || s.t.Failed() {
			s.t.Errorf("Caddy printed\n%s", tail(output, 4000))
		}
	})
}

// serves waits until the probes are answered.
func (s *sidecar) serves() {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.done:
			s.t.Fatalf("Caddy ended: %s", s.Output())
		default:
		}
		if conn, err := net.Dial("tcp", strings.TrimPrefix(s.Probes, "http://")); err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(end) {
			s.t.Fatal("Caddy does not listen")
		}
	}
}

// terminate sends SIGTERM and wants the process to end well within limit.
func (s *sidecar) terminate(limit time.Duration) {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(limit):
		s.t.Fatalf("Caddy did not stop within %v", limit)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("Caddy ended with status %d", code)
	}
}

func (s *sidecar) Output() string { return readFile(s.output) }

// get asks for a URL.
func get(t testing.TB, url string) answer {
	t.Helper()
	res, err := plainClient.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return readAnswer(t, res)
}

func readAnswer(t testing.TB, res *http.Response) answer {
	t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(text)}
}

// pay sends what an application sends, and wants the partner to accept it.
func (s *sidecar) pay() {
	s.t.Helper()
	res, err := plainClient.Post(s.URL+"/acme/v1/payments", "application/json", strings.NewReader(`{"amount":"12.50"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	readAnswer(s.t, res).ok(s.t)
	if seen := s.partner.Last(); seen == nil || !seen.Verdict.OK || seen.Target != "/v1/payments" {
		s.t.Errorf("the partner did not accept it: %+v", seen)
	}
}
