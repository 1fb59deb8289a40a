package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

const (
	startTime = 20 * time.Second // what Caddy has to start listening
	stopTime  = 5 * time.Second  // what it has to end after SIGINT, before it is killed
	logTail   = 2 << 10          // what is shown of the log when something fails
)

// A proxy is a running Caddy.
type proxy struct {
	command *exec.Cmd
	logFile string
	cancel  context.CancelFunc
	ended   chan struct{} // closed when the process is gone
	err     error         // why, once it is
}

// startProxy starts Caddy with the scene's Caddyfile and waits until it listens.
func startProxy(ctx context.Context, caddy string, scene *scene) (*proxy, error) {
	p := &proxy{logFile: scene.file("caddy.log"), ended: make(chan struct{})}
	log, err := os.Create(p.logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has a descriptor of its own
	ctx, p.cancel = context.WithCancel(ctx)
	p.command = exec.CommandContext(ctx, caddy, "run", "--config", scene.file("Caddyfile"), "--adapter", "caddyfile")
	p.command.Stdout, p.command.Stderr = log, log
	// Caddy keeps its state in the user's home unless told otherwise.
	p.command.Env = append(os.Environ(), "XDG_CONFIG_HOME="+scene.dir, "XDG_DATA_HOME="+scene.dir)
	p.command.Cancel = func() error { return p.command.Process.Signal(os.Interrupt) }
	p.command.WaitDelay = stopTime
	if err := p.command.Start(); err != nil {
		p.cancel()
		return nil, err
	}
	go func() {
		p.err = p.command.Wait()
		close(p.ended)
	}()
	if err := p.wait(ctx, scene.proxyAddress); err != nil {
		p.stop()
		return nil, fmt.Errorf("%w\n%s", err, p.log())
	}
	return p, nil
}

// wait waits until somebody listens on the address.
func (p *proxy) wait(ctx context.Context, address string) error {
	late := time.After(startTime)
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			return fmt.Errorf("caddy ended: %v", p.err)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late:
			return fmt.Errorf("caddy does not listen on %s after %s", address, startTime)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the process.
func (p *proxy) stop() {
	p.cancel()
	<-p.ended
}

// log is the end of what Caddy logged.
func (p *proxy) log() string {
	text, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	if len(text) > logTail {
		text = text[len(text)-logTail:]
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	return string(text)
}
