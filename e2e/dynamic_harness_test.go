package e2e

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

const (
	dynamicToken = "dyn_canary-server-token-5b1f0c77"
	dynamicEnv   = "95b11417-f18f-457f-8804-68e361f9164f"
	flowToken    = "X-Dynamic-Flow-Session-Token"

	// persisted keeps captured tokens in Caddy's storage.
	persisted = "partnersign {\n\t\tpersist {\n\t\t\tkey {env.STORE_KEY}\n\t\t}\n\t}\n"
)

// storeKey is what persisted names. Several proxies may have it.
var storeKey = "STORE_KEY=" + base64.StdEncoding.EncodeToString([]byte("canary-store-key-of-32-bytes-:-)"))

// A dynamicSetup is what a test of the preset varies.
type dynamicSetup struct {
	Dynamic partnertest.DynamicOptions // of which the token is filled in
	Lines   string                     // of partner_proxy
	Site    string                     // with BLOCK for partner_proxy; default: it alone
	Options string                     // global
	Env     []string
}

// A dynamicProxy is a Caddy in front of a demo Dynamic. Its clients know nothing
// of session tokens.
type dynamicProxy struct {
	*process
	*partnertest.Dynamic
	file caddyfile
}

func (s dynamicSetup) start(t testing.TB) dynamicProxy {
	t.Helper()
	if s.Dynamic.Tokens == nil {
		s.Dynamic.Tokens = []string{dynamicToken}
	}
	dynamic := partnertest.NewDynamic(t, s.Dynamic)
	return s.startAt(t, dynamic)
}

// startAt starts a Caddy, maybe another one, in front of a Dynamic.
func (s dynamicSetup) startAt(t testing.TB, dynamic *partnertest.Dynamic) dynamicProxy {
	t.Helper()
	block := fmt.Sprintf("partner_proxy dynamic %s {\ntoken {file.DIR/token}\n%s\ntransport http {\ntls_trust_pool file DIR/ca.pem\n}\n}\n", dynamic.URL(), s.Lines)
	file := caddyfile{
		Site:    strings.ReplaceAll(cmp.Or(s.Site, "BLOCK"), "BLOCK", block),
		Options: s.Options,
		Files:   map[string]string{"ca.pem": string(dynamic.CA()), "token": dynamicToken + "\n"},
		Env:     append(s.Env, storeKey),
	}
	return dynamicProxy{startCaddy(t, file), dynamic, file}
}

// ask sends a request as an application does. A POST has a body.
func (p dynamicProxy) ask(method, path string, headers ...string) answer {
	p.process.t.Helper()
	if method == "GET" {
		return p.send(method, "/api/v0"+path, nil, headers...)
	}
	return p.send(method, "/api/v0"+path, strings.NewReader("{}"), slices.Concat(headers, []string{"Content-Type: application/json"})...)
}

// create makes a flow.
func (p dynamicProxy) create() flow {
	p.process.t.Helper()
	res := p.ask("POST", "/server/"+dynamicEnv+"/flow/payment")
	id, _ := at(res.Text, "id").(string)
	if res.StatusCode != 201 || id == "" {
		p.process.t.Fatalf("no flow: %d %s", res.StatusCode, res.Text)
	}
	return flow{p, id}
}

// attached makes a flow with a source.
func (p dynamicProxy) attached() flow {
	p.process.t.Helper()
	f := p.create()
	f.goes("source", 200)
	return f
}

// A flow is one at Dynamic, seen through a proxy.
type flow struct {
	dynamicProxy
	id string
}

// by is the same flow through another proxy.
func (f flow) by(p dynamicProxy) flow { return flow{p, f.id} }

func (f flow) path() string { return "/sdk/" + dynamicEnv + "/flow/" + f.id }

func (f flow) step(name string, headers ...string) answer {
	f.process.t.Helper()
	return f.ask("POST", f.path()+"/"+name, headers...)
}

// goes takes a step and checks the status of its answer.
func (f flow) goes(step string, status int, headers ...string) answer {
	f.process.t.Helper()
	res := f.step(step, headers...)
	if res.StatusCode != status {
		f.process.t.Errorf("%s: %d %.500s, want %d", step, res.StatusCode, res.Text, status)
	}
	return res
}

// goesOn takes the steps from an attached source to the end.
func (f flow) goesOn() {
	f.process.t.Helper()
	for _, step := range []string{"quote", "prepare", "broadcast"} {
		f.goes(step, 200)
	}
}

// fails is a step that the proxy itself refuses.
func (f flow) fails(t *testing.T, step string) {
	t.Helper()
	f.step(step).refused(t, 503, "credential-unavailable")
}

// inOrder checks that Dynamic has found nothing wrong with any call.
func (p dynamicProxy) inOrder(t testing.TB) {
	t.Helper()
	for _, refusal := range p.Refusals() {
		t.Errorf("%s %s: %d %s", refusal.Request.Method, refusal.Request.Target, refusal.Status, refusal.Reason)
	}
	if n := p.Repeats(); n > 0 {
		t.Errorf("%d POSTs came again by themselves", n)
	}
}

// saw checks what Dynamic was asked for since the last Reset: METHOD and the
// last part of the path.
func (p dynamicProxy) saw(t testing.TB, want ...string) {
	t.Helper()
	var got []string
	for _, r := range p.Requests() {
		got = append(got, r.Method+" "+r.Target[strings.LastIndexByte(r.Target, '/')+1:])
	}
	if !slices.Equal(got, want) {
		t.Errorf("Dynamic saw %q, want %q", got, want)
	}
}

// captured counts what happened to captured tokens.
func (p dynamicProxy) captured(event string) float64 {
	p.process.t.Helper()
	return p.metric("partnersign_captured_tokens_total", `partner="dynamic"`, fmt.Sprintf("event=%q", event))
}

// crash ends the process where it stands, as a machine does that loses power,
// and restart starts it again.
func (p *process) crash() {
	p.t.Helper()
	_ = p.cmd.Process.Kill()
	<-p.done
	plainClient.CloseIdleConnections()
}

func (p *process) restart() {
	p.t.Helper()
	again := exec.Command(p.cmd.Path, p.cmd.Args[1:]...)
	again.Env, again.Stdout, again.Stderr, again.SysProcAttr = p.cmd.Env, p.out, p.out, p.cmd.SysProcAttr
	_ = os.Remove(p.path("admin.sock"))
	if err := again.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.cmd, p.done = again, make(chan error, 1)
	go func(done chan error) { done <- again.Wait() }(p.done)
	p.waitFor(p.URL[strings.LastIndexByte(p.URL, ':')+1:])
}
