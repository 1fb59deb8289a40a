package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A leakRun takes a process through everything that it does and everything that can
// go wrong, and keeps what it answers.
type leakRun struct {
	*process
	*leakWorld
	t *testing.T

	mu       sync.Mutex
	answers  strings.Builder
	commands strings.Builder // what they and the admin API say of configurations
}

func startLeakRun(t *testing.T, credentials bool) (*leakRun, caddyfile) {
	t.Helper()
	w := newLeakWorld(t)
	file := w.file(t, credentials)
	r := &leakRun{process: startCaddy(t, file), leakWorld: w, t: t}
	r.waitFor(w.proxyPort)
	return r, file
}

const isJSON = "Content-Type: application/json"

// say sends a request and checks the status of the answer.
func (r *leakRun) say(status int, method, target, body string, headers ...string) answer {
	r.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, r.URL+target, reader)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	return r.do(plainClient, status, req)
}

// do keeps answers that end early, too.
func (r *leakRun) do(client *http.Client, status int, req *http.Request) answer {
	r.t.Helper()
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode != status {
		r.t.Errorf("%s %s: %d %.1000s, want %d", req.Method, req.URL, res.StatusCode, text, status)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(&r.answers, res.Status, res.Header, string(text), res.Trailer)
	return answer{res, string(text)}
}

// basic are credentials of which the password is a canary.
func (r *leakRun) basic(name string) string {
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("app:"+r.value(name)))
}

func (r *leakRun) bearer(name string) string { return "Proxy-Authorization: Bearer " + r.value(name) }

// everything is each step and each way to fail, in turn.
func (r *leakRun) everything(file caddyfile) {
	r.succeed()
	r.refuse()
	r.partnerFails()
	r.tokensFail()
	r.demos()
	r.webhooks()
	r.tunnels()
	r.filesChange()
	r.reloads(file)
}

// succeed takes every step.
func (r *leakRun) succeed() {
	auth := r.bearer("client_auth")
	r.say(200, "POST", "/all/ok", `{}`, auth, isJSON)
	r.say(200, "GET", "/all/ok", "", r.basic("client_auth"))
	r.say(200, "POST", "/all/once/a", `{}`, auth, isJSON) // at the second attempt
	r.say(200, "POST", "/one/ok", "x", isJSON)
	r.say(200, "GET", "/component/ok", "", "X-Missing: x")
	r.say(200, "GET", "/basic/ok", "")
	r.say(200, "GET", "/long/ok", "", "X-Proxy-Secret: "+r.value("client_auth in a header"))
	for _, path := range []string{"/oauth2/", "/oauth2body/", "/oauth2key/", "/json/", "/form/", "/fixed/"} {
		r.say(200, "GET", path+"ok", "")
	}
	r.say(200, "POST", "/oauth2/renew", "x") // with another token
	r.say(200, "POST", "/capture/mint/1", "x")
	r.say(200, "POST", "/capture/use/1", "x")
	r.say(401, "POST", "/capture/status/401", "x")
	r.say(200, "GET", "/readyz", "")
}

// refuse has the process itself answer.
func (r *leakRun) refuse() {
	auth := r.bearer("client_auth")
	r.say(401, "GET", "/all/ok", "")
	r.say(401, "GET", "/long/ok", "", "X-Proxy-Secret: wrong")
	r.say(403, "GET", "/all/ok", "", auth, "Origin: https://evil.example")
	r.say(403, "POST", "/basic/ok", "x")
	r.say(415, "POST", "/all/ok", "no JSON", auth, isJSON)
	r.say(413, "POST", "/all/ok", `{"a":"`+strings.Repeat("a", 2<<10)+`"}`, auth, isJSON)
	r.say(503, "POST", "/one/ok", strings.Repeat("a", 100<<10)) // more than body_memory
	r.say(400, "GET", "/component/ok", "")
	r.say(400, "GET", "/one/a%5Cb", "")
	r.raw("GET /one/ok HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", soon)
	r.say(502, "GET", "/untrusted/ok", "")
	r.say(502, "GET", "/gone/ok", "")
}

// partnerFails has the partner go wrong in every way.
func (r *leakRun) partnerFails() {
	auth := r.bearer("client_auth")
	for _, path := range []string{"/all", "/one"} {
		for _, status := range []int{400, 401, 403, 404, 409, 429, 500, 502, 503, 504} {
			r.say(status, "POST", fmt.Sprint(path, "/status/", status), `{}`, auth, isJSON)
		}
		for _, how := range []string{"drop", "garbage", "version", "code", "field", "length", "framing"} {
			r.say(502, "POST", path+"/"+how, `{}`, auth, isJSON)
		}
		for _, how := range []string{"trailer", "stray"} { // is noticed late
			r.say(200, "POST", path+"/"+how, `{}`, auth, isJSON)
		}
		r.say(200, "GET", path+"/cut", "", auth)
	}
	r.say(400, "GET", "/quoted/quote", "")
	r.say(504, "POST", "/impatient/slow", "x")
	leave := r.begin("/one/slow/left")
	leave() // the client does
	r.say(200, "GET", "/one/stale", "")
	r.say(200, "GET", "/one/stale", "") // on a connection that ends, then on another
}

// begin sends a request that the partner never answers, waits until it is there, and
// returns what ends it.
func (r *leakRun) begin(target string) (end func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	req, err := http.NewRequestWithContext(ctx, "POST", r.URL+target, strings.NewReader("x"))
	if err != nil {
		r.t.Fatal(err)
	}
	go func() {
		if res, err := plainClient.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	_, path, _ := strings.Cut(target[1:], "/")
	waitFor(r.t, "the request to be at the partner", func() bool { return r.partner.has("/" + path) })
	return cancel
}

// demos takes the presets through their own ways.
func (r *leakRun) demos() {
	for _, body := range []string{`{"network":"Bitcoin"}`, `{"network":"` + mustFail + `"}`} {
		status := map[bool]int{true: 502, false: 200}[strings.Contains(body, mustFail)]
		r.say(status, "POST", "/dfns/wallets", body, isJSON)
	}
	r.say(200, "GET", "/dfns/wallets", "")
	r.say(403, "POST", "/dfns/permissions", "{}", isJSON)
	r.say(201, "POST", "/offblocks"+customers, "{}", isJSON)
	r.offBlocks.InvalidateTokens()
	r.say(201, "POST", "/offblocks"+customers, "{}", isJSON)
	r.say(400, "POST", "/offblocks"+customers, mustFail, isJSON)
	flow := r.say(201, "POST", "/dynamic/api/v0/server/"+dynamicEnv+"/flow/payment", "{}", isJSON)
	path := fmt.Sprint("/dynamic/api/v0/sdk/", dynamicEnv, "/flow/", at(flow.Text, "id"))
	r.say(200, "POST", path+"/source", "{}", isJSON)
	r.say(200, "POST", path+"/quote", "{}", isJSON)
	r.say(400, "POST", path+"/prepare", mustFail, isJSON)
	r.say(400, "POST", "/proof/widget/session", mustFail, isJSON)
	r.say(200, "POST", "/proof/widget/session", `{"client_ip":"203.0.113.7"}`, isJSON)
}
