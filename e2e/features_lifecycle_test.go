package e2e

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// soon is how long a changed file may take to be used: it is looked at once a
// second. The rest is for a busy machine.
const soon = 4 * time.Second

// within is waitFor with a limit that is part of the feature.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Since(start) > limit {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

const (
	fileChanged = "a file has changed and is in use"
	fileRefused = "a file has changed and cannot be used; a key stays the former one, a secret is not available"
)

// A key file that is replaced is used within seconds. Another one is not, and
// the former key stays in use.
func TestFeatureKeyRotation(t *testing.T) {
	old := keyOf(t, "ed25519")
	next, err := makeKey("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	partner, caddy := startAcme(t, partnertest.Options{})
	logger := "http.reverse_proxy.transport.partnersign"
	send := func() *partnertest.Request {
		t.Helper()
		partner.Reset()
		caddy.send("POST", "/v1/a", strings.NewReader("{}"))
		return partner.Last()
	}
	asks := func(key signingKey) {
		t.Helper()
		if err := partner.SetRequire(acmeRequire(key)); err != nil {
			t.Fatal(err)
		}
	}
	keeps := func(refusals int) {
		t.Helper()
		within(t, soon, "the file to be refused", func() bool {
			verified(t, send())
			return caddy.metric("partnersign_file_reloads_total", `result="refused"`) == float64(refusals)
		})
		for start := time.Now(); time.Since(start) < 2500*time.Millisecond; time.Sleep(100 * time.Millisecond) { // two looks more
			verified(t, send())
		}
		if n, lines := caddy.metric("partnersign_file_reloads_total", `result="refused"`), caddy.logged(logger, fileRefused); n != float64(refusals) || len(lines) != refusals {
			t.Errorf("%v refusals are counted and %d logged, want %d", n, len(lines), refusals)
		}
	}
	verified(t, send())

	caddy.replace("key.pem", next.File)
	asks(next)
	within(t, soon, "the new key", func() bool { return send().Verdict.OK })
	for range 5 {
		verified(t, send())
	}

	caddy.replace("key.pem", "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
	keeps(1)
	caddy.replace("key.pem", keyOf(t, "ecdsa-p256-sha256").File)
	keeps(2)
	if err := os.Remove(caddy.path("key.pem")); err != nil {
		t.Fatal(err)
	}
	keeps(3)

	if err := os.WriteFile(caddy.path("key.pem"), []byte(old.File), 0o600); err != nil {
		t.Fatal(err)
	}
	asks(old)
	within(t, soon, "the old key again", func() bool { return send().Verdict.OK })
	if n, lines := caddy.metric("partnersign_file_reloads_total", `result="used"`), caddy.logged(logger, fileChanged); n != 2 || len(lines) != 2 {
		t.Errorf("%v new files are counted and %d logged, want 2", n, len(lines))
	}
}

// A token file that changes is used within seconds; without one nothing is
// sent, until it is there again.
func TestFeatureTokenRotation(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	c := siteFile(t, block(partner, strings.Replace(acme, "{env.ACME_TOKEN}", "{file.DIR/token}", 1)), partner)
	c.Files["token"] = "token-of-acme\n"
	caddy := startCaddy(t, c)
	accepts := func(token string) {
		t.Helper()
		require := acmeRequire(keyOf(t, "ed25519"))
		require.Bearer = token
		if err := partner.SetRequire(require); err != nil {
			t.Fatal(err)
		}
		within(t, soon, token, func() bool { return caddy.send("POST", "/v1/a", strings.NewReader("{}")).StatusCode == 200 })
		partner.Reset()
		for range 3 {
			caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
		}
		only(t, partner, 3)
	}
	accepts("token-of-acme")
	caddy.replace("token", "second-token")
	accepts("second-token")

	if err := os.Remove(caddy.path("token")); err != nil {
		t.Fatal(err)
	}
	within(t, soon, "the token to be gone", func() bool { return caddy.send("GET", "/v1/a", nil).StatusCode == 503 })
	partner.Reset()
	for _, method := range []string{"GET", "POST"} {
		caddy.send(method, "/v1/a", strings.NewReader("{}")).refused(t, 503, "credential-unavailable")
	}
	for start := time.Now(); time.Since(start) < 1500*time.Millisecond; time.Sleep(100 * time.Millisecond) { // one look more
		caddy.send("POST", "/v1/a", strings.NewReader("{}")).refused(t, 503, "credential-unavailable")
	}
	untouched(t, partner)
	if n := caddy.metric("partnersign_problems_total", `type="credential-unavailable"`); n < 3 {
		t.Errorf("%v problems are counted", n)
	}
	if lines := caddy.logged("http.reverse_proxy.transport.partnersign", fileRefused); len(lines) != 1 {
		t.Errorf("%d log lines say that the file is gone", len(lines))
	}
	caddy.memoryReturned(t)

	if err := os.WriteFile(caddy.path("token"), []byte("third-token\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	accepts("third-token")
}

// A configuration that cannot be loaded changes nothing.
func TestFeatureFailedReloadKeepsRunning(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{})
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	for name, change := range map[string][2]string{
		"missing key":       {"key.pem", "missing.pem"},
		"missing secret":    {"{env.ACME_TOKEN}", "{file.DIR/missing}"},
		"unset variable":    {"{env.ACME_TOKEN}", "{env.ACME_TOKEN_THAT_IS_NOT_SET}"},
		"unknown component": {"@method", "@methods"},
	} {
		c := siteFile(t, block(partner, strings.Replace(acme, change[0], change[1], 1)), partner)
		c.Options = "partnersign {\n body_memory 1B\n}"
		err := caddy.reload(c)
		if err == nil {
			t.Fatalf("%s: it was loaded", name)
		}
		if named := strings.Trim(strings.TrimPrefix(change[1], "{file.DIR/"), "{}"); !strings.Contains(err.Error(), strings.TrimPrefix(named, "env.")) && name != "unknown component" {
			t.Errorf("%s: the error does not name it: %v", name, err)
		}
		for range 3 {
			caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
		}
	}
	only(t, partner, 13)
	c := siteFile(t, block(partner, acme+"\nheader X-New configuration"), partner)
	caddy.mustReload(c)
	caddy.send("POST", "/v1/a", strings.NewReader("{}")).ok(t)
	if seen := only(t, partner, 14)[13]; seen.Header.Get("X-New") != "configuration" {
		t.Error("the new configuration is not in use")
	}
}

// Requests that are under way during a reload finish, in all stages: while the
// body arrives, while the partner thinks, while its answer streams. New ones
// are served by the new configuration.
func TestFeatureReloadLetsRequestsFinish(t *testing.T) {
	thinking, think, next := make(chan struct{}), make(chan struct{}), make(chan string)
	stream := events(next)
	partner := newAcme(t, partnertest.Options{Answer: func(w http.ResponseWriter, r *http.Request, seen *partnertest.Request, verdict partnertest.Verdict) bool {
		switch r.URL.Path {
		case "/v1/slow":
			close(thinking)
			<-think
		case "/v1/events":
			return stream(w, r, seen, verdict)
		}
		return false
	}})
	c := siteFile(t, block(partner, acme+"\nheader X-Configuration old"), partner)
	caddy := startCaddy(t, c)
	answers := make(chan error, 3)
	ask := func(req *http.Request, err error, want string) {
		if err == nil {
			var res *http.Response
			if res, err = plainClient.Do(req); err == nil {
				defer res.Body.Close()
				body := new(strings.Builder)
				if _, err = io.Copy(body, res.Body); err == nil && (res.StatusCode != 200 || !strings.Contains(body.String(), want)) {
					err = &unexpected{res.Status, body.String()}
				}
			}
		}
		answers <- err
	}
	go func() {
		req, err := http.NewRequest("POST", caddy.URL+"/v1/slow", strings.NewReader("{}"))
		ask(req, err, `"verified": true`)
	}()
	take(t, thinking)
	body, parts := pipeBody()
	go func() {
		req, err := http.NewRequest("POST", caddy.URL+"/v1/upload", body)
		ask(req, err, `"body": "first second"`)
	}()
	give(t, parts, "first ")
	waitFor(t, "the body to arrive", func() bool { return caddy.metric("partnersign_body_memory_bytes") > 2 })
	go func() {
		req, err := http.NewRequest("GET", caddy.URL+"/v1/events", nil)
		ask(req, err, "data: one\n\ndata: two\n\n")
	}()
	give(t, next, "one")

	reloaded := make(chan error, 1)
	go func() {
		reloaded <- caddy.reload(siteFile(t, block(partner, acme+"\nheader X-Configuration new"), partner))
	}()
	waitFor(t, "the new configuration", func() bool {
		res, err := plainClient.Get(caddy.URL + "/v1/new")
		if err != nil {
			return false
		}
		res.Body.Close()
		seen := partner.Last()
		return res.StatusCode == 200 && seen.Target == "/v1/new" && seen.Header.Get("X-Configuration") == "new"
	})
	close(think)
	give(t, parts, "second")
	close(parts)
	give(t, next, "two")
	close(next)
	for range 3 {
		if err := take(t, answers); err != nil {
			t.Error(err)
		}
	}
	if err := take(t, reloaded); err != nil {
		t.Error(err)
	}
	requests := partner.Requests()
	verified(t, requests...)
	for _, seen := range requests {
		if seen.Target != "/v1/new" && seen.Header.Get("X-Configuration") != "old" {
			t.Errorf("%s was sent by the configuration %q", seen.Target, seen.Header.Get("X-Configuration"))
		}
	}
	caddy.memoryReturned(t)
}
