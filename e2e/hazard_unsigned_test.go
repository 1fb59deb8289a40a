package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// What the signature must cover and the request lacks, and what is too large to
// digest, is refused: nothing goes out with less.
func TestHazardNothingUnsigned(t *testing.T) {
	require := acmeRequire(keyOf(t, "ed25519"))
	require.Components = append(require.Components, "x-tenant")
	partner := partnertest.New(t, partnertest.Options{Require: require})
	caddy := startCaddy(t, siteFile(t, block(partner, covering("x-tenant")+"\nmax_body 1KiB"), partner))
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).refused(t, 400, "invalid-request")
	caddy.send("POST", "/v1/a", strings.NewReader(strings.Repeat("x", 1025)), "X-Tenant: t").refused(t, 413, "body-too-large")
	untouched(t, partner)
	caddy.send("POST", "/v1/a", strings.NewReader(strings.Repeat("x", 1024)), "X-Tenant: t").ok(t)
	only(t, partner, 1)
}

// Whatever becomes of a file that a request needs, nothing goes out without what was
// in it: each failure has an answer, a line in the log that names the file but not
// what it holds, and a metric. It heals by itself.
func TestHazardUnusableCredentials(t *testing.T) {
	require := acmeRequire(keyOf(t, "ed25519"))
	require.Components = append(require.Components, "x-key")
	partner := partnertest.New(t, partnertest.Options{Require: require})
	lines := map[string]string{
		"token":  strings.Replace(acme, "{env.ACME_TOKEN}", "{file.DIR/FILE}", 1) + "\nheader X-Key key",
		"key-id": strings.Replace(acme, "key_id acme-2026", "key_id {file.DIR/FILE}", 1) + "\nheader X-Key key",
		"header": acme + "\nheader X-Key {file.DIR/FILE}",
	}
	good := map[string]string{"token": "token-of-acme\n", "key-id": "acme-2026\r\n", "header": "key\n"}
	bad := map[string]string{
		"empty": "\n", "lines": "canary-a\nX-Evil: canary-b\n", "NUL": "canary\x00", "not-ASCII": "canary-ü", "missing": "", "directory": "",
	}
	files, site := map[string]string{}, ""
	for place, content := range good {
		for kind := range bad {
			name := place + "-" + kind
			files[name] = content
			covered := strings.NewReplacer("idempotency-key?", "idempotency-key? x-key", "FILE", name).Replace(lines[place])
			site += "handle /" + name + " {\n" + block(partner, "name "+name+"\n"+covered) + "}\n"
		}
	}
	c := siteFile(t, site, partner)
	for name, content := range files {
		c.Files[name] = content
	}
	caddy := startCaddy(t, c)
	for name := range files {
		caddy.send("POST", "/"+name, nil).ok(t)
	}
	for name := range files {
		_, kind, _ := strings.Cut(strings.TrimPrefix(name, "key-"), "-")
		caddy.spoil(name, kind, bad[kind])
	}
	for name := range files {
		t.Run(name, func(t *testing.T) { unusable(t, partner, caddy, name) })
	}
	for name, content := range files {
		_ = os.Remove(caddy.path(name))
		caddy.replace(name, content)
	}
	for name := range files {
		within(t, soon, name+" to be used again", func() bool { return caddy.send("POST", "/"+name, nil).StatusCode == 200 })
	}
	verified(t, partner.Requests()...)
	if strings.Contains(caddy.Log()+caddy.Output(), "canary") {
		t.Error("what was in a file is logged")
	}
}

// spoil makes a file unusable.
func (p *process) spoil(name, kind, content string) {
	p.t.Helper()
	if content != "" {
		p.replace(name, content)
		return
	}
	if err := os.Remove(p.path(name)); err != nil {
		p.t.Fatal(err)
	}
	if kind == "directory" {
		if err := os.Mkdir(p.path(name), 0o700); err != nil {
			p.t.Fatal(err)
		}
	}
}

// unusable checks that the partner of this name gets nothing for want of its file.
func unusable(t *testing.T, partner *partnertest.Partner, caddy *process, name string) {
	var res answer
	within(t, soon, "the file to be refused", func() bool {
		res = caddy.send("POST", "/"+name, nil)
		return res.StatusCode != 200
	})
	res.refused(t, 503, "credential-unavailable")
	sent := len(partner.Requests())
	caddy.send("POST", "/"+name, nil).refused(t, 503, "credential-unavailable")
	if len(partner.Requests()) != sent {
		t.Error("something was sent")
	}
	if n := caddy.metric("partnersign_problems_total", `partner="`+name+`"`, `type="credential-unavailable"`); n != 2 {
		t.Errorf("%v problems are counted, want 2", n)
	}
	if !strings.Contains(caddy.Log(), caddy.path(name)+"}") {
		t.Error("the log does not name the file")
	}
	if strings.Contains(res.Text+fmt.Sprint(res.Header), "canary") {
		t.Error("what is in the file is told")
	}
}
