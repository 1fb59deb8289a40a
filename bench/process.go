package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A process is a proxy that runs.
type process struct {
	cmd  *exec.Cmd
	base string // the URL at which it listens
	log  string // the file of what it says
	done chan struct{}
}

// startProcess starts a command and waits until the partner answers through
// it, which it does at path of base. It ends with ctx.
func startProcess(ctx context.Context, l *lab, name, base, path string, command ...string) (*process, error) {
	p := &process{base: base, log: filepath.Join(l.dir, name+".log"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	command = append(l.pin.proxy(), command...)
	p.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = append(os.Environ(), l.keys.environment()...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, p.answers(ctx, base+path)
}

// answers waits for the first 200.
func (p *process) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	last := "nothing"
	for {
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended:\n%s", p.cmd.Path, p.said())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer at %s, but %s:\n%s", p.cmd.Path, url, last, p.said())
		case <-time.After(5 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			last = err.Error()
			continue
		}
		body, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
		last = fmt.Sprintf("%s %s", res.Status, body)
		time.Sleep(50 * time.Millisecond)
	}
}

// said is the end of its log.
func (p *process) said() string {
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-4096):])
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends it and waits for that.
func (p *process) stop() {
	_ = p.cmd.Cancel()
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// freeAddress is an address on loopback that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
