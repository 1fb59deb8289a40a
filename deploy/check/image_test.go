package check

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// The image's content, made by the Dockerfile's own commands, serves as its
// user in its root directory, which has no shell and no library, and becomes
// healthy by the image's own check.
func TestImage(t *testing.T) {
	if os.Geteuid() != 0 {
		missing(t, "only root can change the root directory")
	}
	root := build(t)
	static(t, filepath.Join(root, "usr/bin/caddy"))
	for name, content := range map[string]string{
		"etc/caddy/Caddyfile": "{\n\tadmin unix//data/admin.sock\n}\n" +
			"http://127.0.0.1:8089 {\n\tbind unix//data/site.sock\n\tpartner_proxy https://api.acme.example {\n\t\tbearer {file./run/secrets/token}\n\t}\n}\n" +
			"http://127.0.0.1:2020 {\n\tbind 127.0.0.1\n\tpartnersign_health\n}\n",
		"run/secrets/token": "token",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	image := imageOf(t)
	image.root = root
	if slices.Contains([]string{"", "0", "root"}, image.user) {
		t.Fatalf("the image's user is %q", image.user)
	}
	server := image.command(append(image.entrypoint, image.cmd...))
	var log strings.Builder
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		if err := server.Wait(); err != nil {
			t.Errorf("ended: %v\n%s", err, log.String())
		}
	}()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = image.command(image.health).Run(); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("it does not become healthy: %v", err)
	}
	res, err := http.Get("http://127.0.0.1:2020/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 200 || !strings.Contains(string(body), `"ready":true`) {
		t.Errorf("/readyz: %d %s", res.StatusCode, body)
	}
}

// A config is what an image says of its process.
type config struct {
	root                    string
	user                    string
	env                     []string
	entrypoint, cmd, health []string
}

func imageOf(t *testing.T) (c config) {
	t.Helper()
	_, stage := stages(t)
	for _, command := range stage.Commands {
		switch i := command.(type) {
		case *instructions.UserCommand:
			c.user = i.User
		case *instructions.EnvCommand:
			for _, pair := range i.Env {
				c.env = append(c.env, pair.Key+"="+pair.Value)
			}
		case *instructions.EntrypointCommand:
			c.entrypoint = i.CmdLine
		case *instructions.CmdCommand:
			c.cmd = i.CmdLine
		case *instructions.HealthCheckCommand:
			c.health = i.Health.Test[1:] // behind the word CMD
		}
	}
	return c
}

// command runs in the image's root directory as its user.
func (c config) command(line []string) *exec.Cmd {
	cmd := &exec.Cmd{Path: "/usr/bin/" + line[0], Args: line, Dir: "/", Env: c.env}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532, NoSetGroups: false}, Pdeathsig: syscall.SIGKILL}
	return cmd
}
