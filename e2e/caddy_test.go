package e2e

import (
	"bytes"
	"context"
	"fmt"
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

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/partnersign/partnersign"
)

// beCaddy makes this test binary Caddy, so that the process under test is the
// code under test, with its race detector.
const beCaddy = "PARTNERSIGN_TEST_BE_CADDY"

func TestMain(m *testing.M) {
	if os.Getenv(beCaddy) != "" {
		caddycmd.Main()
		return
	}
	os.Exit(m.Run())
}

// A process is a running Caddy.
type process struct {
	URL  string // of the site, http://127.0.0.1:port
	Dir  string // its own, for files that the Caddyfile names
	cmd  *exec.Cmd
	out  *os.File
	done chan error
	t    testing.TB
}

// startCaddy runs Caddy with a site of these directives. In them and in the
// options, DIR stands for the process's directory and PORT for the site's port.
// files are written into the directory first, env is NAME=value.
func startCaddy(t testing.TB, c caddyfile) *process {
	t.Helper()
	p := &process{Dir: t.TempDir(), t: t, done: make(chan error, 1)}
	for name, content := range c.Files {
		if err := os.WriteFile(filepath.Join(p.Dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port := freePort(t)
	p.URL = "http://127.0.0.1:" + port
	p.write(c)
	var err error
	if p.out, err = os.Create(p.path("output")); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.CommandContext(context.Background(), os.Args[0], "run", "--config", p.path("Caddyfile"), "--adapter", "caddyfile")
	p.cmd.Env = append(append(os.Environ(), beCaddy+"=1", "HOME="+p.Dir, "XDG_CONFIG_HOME="+p.Dir, "XDG_DATA_HOME="+p.Dir,
		"HTTP_PROXY=", "HTTPS_PROXY=", "http_proxy=", "https_proxy="), c.Env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	p.waitFor(port)
	return p
}

// A caddyfile is what a test varies.
type caddyfile struct {
	Site    string            // directives of the site
	Options string            // global options
	Files   map[string]string // by name, in the process's directory
	Env     []string
}

// write writes the Caddyfile, also for a reload.
func (p *process) write(c caddyfile) {
	p.t.Helper()
	text := fmt.Sprintf(`{
	admin unix/%[1]s/admin.sock
	auto_https off
	grace_period 5s
	log {
		level DEBUG
		output file %[1]s/caddy.log
	}
	metrics
	%[2]s
}
%[3]s {
	bind 127.0.0.1
	log
	%[4]s
}
`, p.Dir, p.expand(c.Options), p.URL, p.expand(c.Site))
	if err := os.WriteFile(p.path("Caddyfile"), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) expand(s string) string {
	return strings.NewReplacer("DIR", p.Dir, "PORT", p.URL[strings.LastIndexByte(p.URL, ':')+1:]).Replace(s)
}

func (p *process) path(name string) string { return filepath.Join(p.Dir, name) }

func (p *process) waitFor(port string) {
	p.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case err := <-p.done:
			p.done <- err
			p.t.Fatalf("Caddy ended: %v\n%s", err, p.Output())
		default:
		}
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			// Other listeners of the configuration may come later than this one.
			if strings.Contains(p.Log()+p.Output(), "serving initial configuration") {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("Caddy does not listen\n%s", p.Output())
}

func (p *process) stop() {
	p.settled()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
		p.t.Errorf("Caddy did not stop\n%s", p.Output())
	}
	_ = p.out.Close()
	if output := p.Output(); strings.Contains(output, "DATA RACE") || strings.Contains(output, "panic:") {
		p.t.Errorf("Caddy printed\n%s", output)
	}
	if p.t.Failed() {
		p.t.Logf("Caddy's log:\n%s", tail(p.Log(), 2000))
	}
}

// Output is what the process printed, Log its log of all levels.
func (p *process) Output() string { return readFile(p.path("output")) }
func (p *process) Log() string    { return readFile(p.path("caddy.log")) }

func readFile(path string) string {
	data, _ := os.ReadFile(path)
	return string(data)
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// reload loads a new Caddyfile into the running process, as `caddy reload` does.
func (p *process) reload(c caddyfile) error {
	p.t.Helper()
	p.write(c)
	cmd := exec.Command(os.Args[0], "reload", "--force", "--config", p.path("Caddyfile"), "--adapter", "caddyfile", "--address", "unix/"+p.path("admin.sock"))
	cmd.Env = append(p.cmd.Env, c.Env...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}

// admin asks Caddy's admin API.
func (p *process) admin(path string) string {
	p.t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", p.path("admin.sock"))
	}}}
	defer client.CloseIdleConnections()
	res, err := client.Get("http://127.0.0.1" + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		p.t.Fatalf("admin %s: %s %s %v", path, res.Status, body, err)
	}
	return string(body)
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// An answer is a response with its body read.
type answer struct {
	*http.Response
	Text string
}

// send sends a request to the site and reads the answer. Headers are
// "Name: value"; the body may be nil.
func (p *process) send(method, target string, body io.Reader, headers ...string) answer {
	p.t.Helper()
	req, err := http.NewRequest(method, p.URL+target, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		} else {
			req.Header.Add(name, value)
		}
	}
	res, err := plainClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res, string(text)}
}

// plainClient is an application's: it knows nothing of signatures.
var plainClient = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       30 * time.Second,
}

// raw sends bytes to the site and reads what comes until the connection ends
// or wait is over.
func (p *process) raw(request string, wait time.Duration) string {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		p.t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(wait))
	var got bytes.Buffer
	_, _ = io.Copy(&got, conn)
	return got.String()
}
