package e2e

import (
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// thinking is a sidecar whose partner answers /v1/slow when it is told to, or
// when the test is over.
func thinking(t *testing.T) (s *sidecar, arrived <-chan struct{}, answer func()) {
	t.Helper()
	arriving, answered := make(chan struct{}, 8), make(chan struct{})
	s = newSidecar(t, partnertest.Options{Answer: func(_ http.ResponseWriter, r *http.Request, _ *partnertest.Request, _ partnertest.Verdict) bool {
		if r.URL.Path == "/v1/slow" {
			arriving <- struct{}{}
			<-answered
		}
		return false
	}})
	answer = sync.OnceFunc(func() { close(answered) })
	t.Cleanup(answer)
	return s, arriving, answer
}

// ask sends a slow request and tells what became of it.
func (s *sidecar) ask() <-chan error {
	result := make(chan error, 1)
	go func() {
		res, err := plainClient.Post(s.URL+"/acme/v1/slow", "application/json", strings.NewReader("{}"))
		if err == nil {
			defer res.Body.Close()
			if res.StatusCode != 200 {
				err = errors.New(res.Status)
			}
		}
		result <- err
	}()
	return result
}

// After SIGTERM nobody new is served, and requests in flight finish before the
// process ends.
func TestSidecarFinishesRequestsOnSIGTERM(t *testing.T) {
	s, arrived, answer := thinking(t)
	s.start(nil)
	s.serves()
	results := []<-chan error{s.ask(), s.ask(), s.ask()}
	for range results {
		take(t, arrived)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the listener to close", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	select {
	case <-s.done:
		t.Fatal("Caddy ended with requests in flight")
	case <-time.After(500 * time.Millisecond):
	}
	answer()
	for _, result := range results {
		if err := take(t, result); err != nil {
			t.Errorf("a request in flight: %v", err)
		}
	}
	s.terminate(10 * time.Second)
	for _, seen := range s.partner.Requests() {
		if !seen.Verdict.OK {
			t.Errorf("the partner did not accept it: %v", seen.Verdict.Problems)
		}
	}
}

// A partner that never answers does not keep the process longer than the grace
// period.
func TestSidecarEndsAfterGracePeriod(t *testing.T) {
	s, arrived, _ := thinking(t)
	s.write(strings.Replace(readFile(s.Caddyfile), "grace_period 25s", "grace_period 1s", 1))
	s.start(nil)
	s.serves()
	result := s.ask()
	take(t, arrived)
	begin := time.Now()
	s.terminate(10 * time.Second)
	if took := time.Since(begin); took < time.Second {
		t.Errorf("it was given only %v", took)
	}
	if err := take(t, result); err == nil {
		t.Error("the request succeeded without an answer")
	}
}

// During Caddy's shutdown_delay the process serves and is not ready any more.
func TestSidecarIsNotReadyWhileStopping(t *testing.T) {
	s := newSidecar(t, partnertest.Options{})
	s.write(strings.Replace(readFile(s.Caddyfile), "grace_period 25s", "grace_period 5s\n\tshutdown_delay 3s", 1))
	s.start(nil)
	s.serves()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "not being ready", func() bool { return get(t, s.Probes+"/readyz").StatusCode == 503 })
	if res := get(t, s.Probes+"/readyz"); !strings.Contains(res.Text, "shutting down") || !strings.Contains(res.Text, `{"name":"acme","ready":true}`) {
		t.Error(res.Text)
	}
	s.pay()
	s.terminate(10 * time.Second)
}

// With a socket of systemd's (sd_listen_fds(3)), callers wait while the process
// is replaced, and none is refused.
func TestSidecarSocketActivation(t *testing.T) {
	s := newSidecar(t, partnertest.Options{})
	listener, err := net.Listen("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	run := func() {
		cmd := s.command("run", "--config", s.Caddyfile, "--adapter", "caddyfile")
		cmd.Env = append(cmd.Env, "PARTNERSIGN_BIND=fd/3")
		cmd.ExtraFiles = []*os.File{socket}
		s.start(cmd)
	}
	for range 2 {
		waiting := s.ask() // before anybody accepts
		run()
		if err := take(t, waiting); err != nil {
			t.Error(err)
		}
		s.pay()
		s.serves()
		s.write(readFile(s.Caddyfile) + "\n")
		if err := s.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the reload", func() bool { return strings.Contains(s.Output(), "successfully reloaded config from file") })
		s.pay()
		s.terminate(10 * time.Second)
	}
}
