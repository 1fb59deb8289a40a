package main

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

//go:embed node/proxy.mjs
var nodeProxy []byte

func missingNode() string {
	if _, err := exec.LookPath("node"); err != nil {
		return "apt-get install nodejs"
	}
	return ""
}

// startNode starts what a team writes itself: one worker for each core.
func startNode(ctx context.Context, l *lab, t target) (*process, error) {
	script := filepath.Join(l.dir, "proxy.mjs")
	if err := os.WriteFile(script, nodeProxy, 0o600); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return startProcess(ctx, l, t.Name, "http://"+address, "/", "node", script,
		address, l.partner.Plain, t.expect.algorithm, l.keys.file(ed), strconv.Itoa(l.pin.Cores))
}
