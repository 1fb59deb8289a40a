package e2e

import (
	"encoding/pem"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// tokenFailures are the ways in which a token endpoint fails.
var tokenFailures = []string{"200", "400", "401", "500", "redirect", "text", "spaces", "expires", "kind", "large", "garbage", "field", "drop", "slow"}

// tokensFail asks for tokens that are not to be had.
func (r *leakRun) tokensFail() {
	for _, how := range tokenFailures {
		status := map[bool]int{true: 504, false: 503}[how == "slow"]
		if how != "expires" {
			r.say(status, "GET", "/oauth2-"+how+"/ok", "")
		}
		if how != "kind" {
			r.say(status, "GET", "/json-"+how+"/ok", "")
		}
	}
	r.say(503, "GET", "/tokens-untrusted/ok", "")
	r.say(503, "GET", "/tokens-gone/ok", "")
}

// filesChange makes files of secrets and keys useless, all at once, and then good again.
func (r *leakRun) filesChange() {
	broken := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(r.text("a broken key"))}))
	changed := map[string]string{
		"one bearer":          "", // is gone
		"the key of one":      broken,
		"dfns credential key": r.text("a key that is no PEM"),
		"header in a file":    r.text("a header of two lines") + "\nX-Other: " + r.text("the second line"),
		"a JWT":               r.jwt("an expired JWT", -time.Hour),
		"dynamic token":       "dyn_" + r.text("a token that has") + " a space\x01",
	}
	former := map[string]string{}
	for name, content := range changed {
		former[name] = readFile(r.fileOf(name))
		if r.put(name, content); content == "" {
			if err := os.Remove(r.fileOf(name)); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	auth := r.bearer("client_auth")
	flow := "/dynamic/api/v0/server/" + dynamicEnv + "/flow/payment"
	r.until(503, "POST", "/one/ok", "x")
	r.until(503, "GET", "/all/ok", "", auth)
	r.until(503, "GET", "/fixed/ok", "")
	r.until(503, "POST", flow, "{}", isJSON)
	r.until(503, "GET", "/readyz", "")
	r.until(200, "POST", "/dfns/wallets", `{"network":"Bitcoin"}`, isJSON) // by the former key
	for name, content := range former {
		r.put(name, content)
	}
	r.until(200, "POST", "/one/ok", "x")
	r.until(200, "GET", "/all/ok", "", auth)
	r.until(200, "GET", "/fixed/ok", "")
	r.until(201, "POST", flow, "{}", isJSON)
}

// until repeats a request until it is answered so.
func (r *leakRun) until(status int, method, target, body string, headers ...string) {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if r.send(method, target, strings.NewReader(body), headers...).StatusCode == status {
			break
		}
	}
	r.say(status, method, target, body, headers...)
}

// webhooks delivers good and bad ones.
func (r *leakRun) webhooks() {
	deliver := func(status int, secret string, event partnertest.DfnsEvent, change ...func(http.Header)) {
		r.t.Helper()
		req, err := r.dfns.WebhookRequest(r.URL+"/webhooks", secret, event)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, c := range change {
			c(req.Header)
		}
		r.do(plainClient, status, req)
	}
	event := partnertest.DfnsEvent{ID: "whe-1", Date: time.Now(), Sent: time.Now()}
	deliver(200, r.value("webhook secret"), event)
	deliver(409, r.value("webhook secret"), event)
	deliver(200, r.value("webhook secret of before"), partnertest.DfnsEvent{})
	deliver(403, "forged", partnertest.DfnsEvent{})
	deliver(403, r.value("webhook secret"), partnertest.DfnsEvent{Sent: time.Now().Add(-time.Hour)})
	deliver(403, r.value("webhook secret"), partnertest.DfnsEvent{}, func(h http.Header) { h.Set("X-DFNS-WEBHOOK-SIGNATURE", "sha256=forged") })
}

// tunnels comes in as HTTP_PROXY and HTTPS_PROXY have it.
func (r *leakRun) tunnels() {
	proxy := &forward{r.process, "http://127.0.0.1:" + r.proxyPort}
	partner := strings.Replace(r.partner.URL, "127.0.0.1", "localhost", 1)
	client := proxy.client(r.t, r.value("connect client_auth"))
	for _, url := range []string{partner, strings.Replace(partner, "https:", "http:", 1)} {
		for target, status := range map[string]int{"/ok": 200, "/status/500": 500, "/drop": 502} {
			req, err := http.NewRequest("POST", url+target, strings.NewReader("x"))
			if err != nil {
				r.t.Fatal(err)
			}
			r.do(client, status, req)
			if res, err := proxy.client(r.t, "wrong").Do(req.Clone(r.t.Context())); err == nil {
				res.Body.Close()
			}
		}
	}
}
