package e2e

import (
	"io"

	"os/exec"
	"strings"
)

// reloads gives the process other configurations: good ones, and some with secrets
// written out, which are refused.
func (r *leakRun) reloads(file caddyfile) {
	r.mustReload(file)
	for i, change := range []func(string) string{
		func(site string) string { return strings.ReplaceAll(site, "{env.LEAK_", "{$LEAK_") },
		func(site string) string {
			return strings.ReplaceAll(site, "{env.LEAK_BEARER}", r.text("a literal bearer"))
		},
		func(site string) string { return strings.ReplaceAll(site, "{env.LEAK_BEARER}", "{env.LEAK_MISSING}") },
	} {
		changed := file
		changed.Site = change(file.Site)
		r.process.write(changed)
		for _, command := range []string{"adapt", "validate"} {
			r.command(i == 2 && command == "adapt", command, "--adapter", "caddyfile", "--config", r.path("Caddyfile"))
		}
		r.command(false, "reload", "--adapter", "caddyfile", "--config", r.path("Caddyfile"), "--address", "unix/"+r.path("admin.sock"))
		r.load(400, "/load", "text/caddyfile", readFile(r.path("Caddyfile")))
	}
	running := r.admin("/config/")
	r.load(400, "/load", "application/json", strings.ReplaceAll(running, "{env.LEAK_WEBHOOK_SECRET}", r.text("a literal in JSON")))
	r.load(200, "/load", "application/json", strings.Replace(running, `"handler":"partnersign_guard"`, `"@id":"leak","handler":"partnersign_guard"`, 1))
	r.mustReload(file)
	r.load(200, "/adapt", "text/caddyfile", readFile(r.path("Caddyfile")))
	for _, command := range []string{"adapt", "validate"} {
		r.command(true, command, "--adapter", "caddyfile", "--config", r.path("Caddyfile"))
	}
	r.command(true, "partnersign-ready", "--address", r.URL+"/readyz")
	for _, form := range []string{"--json", "--json=false"} {
		r.command(true, "partnersign", "status", form, "--address", "unix/"+r.path("admin.sock"))
		r.command(false, "partnersign", "doctor", form, "--config", r.path("Caddyfile")) // for some partners are gone
	}
}

// command runs a command of Caddy and keeps what it says.
func (r *leakRun) command(succeeds bool, args ...string) {
	r.t.Helper()
	cmd := exec.Command(r.cmd.Path, args...)
	cmd.Env = r.cmd.Env
	output, err := cmd.CombinedOutput()
	if (err == nil) != succeeds {
		r.t.Errorf("caddy %s: %v\n%s", args[0], err, tail(string(output), 2000))
	}
	r.commands.Write(output)
}

// load gives the admin API a configuration and keeps what it says.
func (r *leakRun) load(status int, path, kind, config string) {
	r.t.Helper()
	res, err := unixClient(r.t, r.path("admin.sock")).Post("http://127.0.0.1"+path, kind, strings.NewReader(config))
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != status {
		r.t.Errorf("%s: %s %.1000s", path, res.Status, body)
	}
	r.commands.Write(body)
}

func caddyCommand(p *process, args ...string) (string, error) {
	cmd := exec.Command(p.cmd.Path, args...)
	cmd.Env = p.cmd.Env
	output, err := cmd.Output()
	return string(output), err
}
