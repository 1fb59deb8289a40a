package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// A leakPlace is where a secret might be, and what shows that it is the right text.
type leakPlace struct{ name, text, marker string }

// adminRoutes are those that only read, with something that each answers. What is
// sent to /load, /adapt and /id is in the place of commands.
var adminRoutes = map[string]string{
	"/config/": "{env.LEAK_BEARER}", "/partnersign/status": `"thumbprint"`, "/metrics": "partnersign_requests_total", "/reverse_proxy/upstreams": `"fails"`,
	"/pki/ca/local": "BEGIN CERTIFICATE", "/pki/ca/local/certificates": "BEGIN CERTIFICATE",
	"/debug/vars": "cmdline", "/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "--config", "/debug/pprof/symbol": "num_symbols",
	"/debug/pprof/goroutine?debug=1": "net/http", "/debug/pprof/goroutine?debug=2": "goroutine 1 [",
	"/debug/pprof/heap": "alloc_space", "/debug/pprof/heap?debug=1": "heap profile", "/debug/pprof/allocs?debug=1": "heap profile",
	"/debug/pprof/threadcreate?debug=1": "threadcreate", "/debug/pprof/block?debug=1": "contention", "/debug/pprof/mutex?debug=1": "mutex",
	"/debug/pprof/profile?seconds=1": "samples", "/debug/pprof/trace?seconds=0.2": "go 1.",
}

// places ends the process and returns all that it has said and left.
func (r *leakRun) places() []leakPlace {
	r.t.Helper()
	for _, m := range caddy.GetModules("admin.api") {
		if known := "admin.api.load admin.api.metrics admin.api.partnersign admin.api.pki admin.api.reverse_proxy"; !strings.Contains(known, string(m.ID)) {
			r.t.Errorf("%s has routes that are not searched: add them", m.ID)
		}
	}
	var places []leakPlace
	add := func(name, text, marker string) {
		if zipped, err := gzip.NewReader(strings.NewReader(text)); err == nil {
			unzipped, _ := io.ReadAll(zipped)
			text = string(unzipped)
		}
		places = append(places, leakPlace{name, text, marker})
	}
	end := r.begin("/one/slow/at-the-end") // so that there are goroutines with something in their hands
	defer end()
	for route, marker := range adminRoutes {
		add("admin "+route, r.admin(route), marker)
	}
	add("command line", readFile(fmt.Sprintf("/proc/%d/cmdline", r.cmd.Process.Pid)), "--config")
	r.quit()
	waitFor(r.t, "the last trace", func() bool { return strings.Contains(r.collector.text(), "tunnel-POST") })
	add("traces", r.collector.text(), "leak-POST")
	add("answers", r.answers.String(), "problem+json")
	add("commands and configurations", r.commands.String(), "{env.LEAK_BEARER}")
	err := filepath.WalkDir(r.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			name := strings.TrimPrefix(path, r.Dir+"/")
			add("file "+name, readFile(path), leakFiles[name])
		}
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
	return places
}

// leakFiles are files that the process writes, with something that each holds.
var leakFiles = map[string]string{
	"caddy.log": "upstream roundtrip", "output": "SIGABRT", "Caddyfile": "{env.LEAK_BEARER}", "caddy/autosave.json": "{env.LEAK_BEARER}",
	"caddy/pki/authorities/local/root.key": "PRIVATE KEY", "caddy/pki/authorities/local/intermediate.key": "PRIVATE KEY",
}

// quit has the process print all its goroutines, and end.
func (r *leakRun) quit() {
	r.t.Helper()
	_ = r.cmd.Process.Signal(syscall.SIGABRT)
	select {
	case err := <-r.done:
		r.done <- err // for stop
	case <-time.After(15 * time.Second):
		r.t.Fatal("the process does not end")
	}
}

// check says which places are not what they should be.
func (p leakPlace) check() error {
	if !bytes.Contains([]byte(p.text), []byte(p.marker)) {
		return fmt.Errorf("%s is not what is to be searched: it lacks %q", p.name, p.marker)
	}
	return nil
}
