package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A gaugedPartner gives tokens when it is told to, and answers everything else.
type gaugedPartner struct {
	*httptest.Server
	asked chan struct{} // for a token
	give  chan struct{}
}

func newGaugedPartner(t *testing.T) gaugedPartner {
	p := gaugedPartner{asked: make(chan struct{}, 2), give: make(chan struct{})}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if !strings.HasPrefix(r.URL.Path, "/token/") {
			return
		}
		p.asked <- struct{}{}
		select {
		case <-p.give:
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"a-token","token_type":"bearer","expires_in":3600}`)
	}))
	t.Cleanup(p.Close)
	return p
}

// issued are tokens of the partner's own server.
func (p gaugedPartner) issued(name string) string {
	return "bearer oauth2 " + p.URL + "/token/" + name + " {\nclient_id a\nclient_secret {env.GAUGED_SECRET}\n}\n"
}

func (p gaugedPartner) site(acme string) string {
	block := func(name, lines string) string {
		return "handle_path /" + name + "/* {\npartner_proxy " + p.URL + " {\nname " + name + "\n" + lines + "}\n}\n"
	}
	return block("acme", acme) + block("same", p.issued("same"))
}

// A partner that stays has no gauge of a key or a token that it has no longer after
// a reload, also if a request of before gets a token later. What it has still stays.
func TestMetricsReload(t *testing.T) {
	end := time.Now().Add(72 * time.Hour).Truncate(time.Second)
	t.Setenv("GAUGED_JWT", jwtUntil(end))
	t.Setenv("GAUGED_SECRET", "canary-gauged-secret")
	partner := newGaugedPartner(t)
	signature := func(label string) string {
		return "signature " + label + " {\nkey DIR/key.pem\nkey_id acme\ncomponents @method\n}\n"
	}
	fixed := caddyfile{
		Site:  partner.site("bearer {env.GAUGED_JWT} {\njwt\n}\n" + signature("old")),
		Files: map[string]string{"key.pem": keyOf(t, "ed25519").File},
	}
	issued := fixed
	issued.Site = partner.site(partner.issued("acme") + signature("new"))
	p := startCaddy(t, fixed)

	const keys, expiry, refresh = "partnersign_key_timestamp_seconds", "partnersign_token_expiry_timestamp_seconds", "partnersign_token_last_refresh_timestamp_seconds"
	const acme, same, jwt = `partner="acme"`, `partner="same"`, `source="jwt"`
	host := `source="` + strings.TrimPrefix(partner.URL, "http://") + `"`
	has := func(want bool, name string, labels ...string) {
		t.Helper()
		if got := p.metric(name, labels...); got != 0 != want {
			t.Errorf("%s%v is %v", name, labels, got)
		}
	}
	hasFixed := func() {
		t.Helper()
		if got := p.metric(expiry, acme, jwt); got != float64(end.Unix()) {
			t.Errorf("the JWT expires at %v, want %v", got, end.Unix())
		}
		has(true, keys, acme, `use="signature:old"`)
		has(false, keys, acme, `use="signature:new"`)
		has(false, expiry, acme, host)
		has(false, refresh, acme, host)
	}
	hasFixed()

	p.mustReload(issued)
	has(false, expiry, acme, jwt)
	has(false, keys, acme, `use="signature:old"`)
	has(true, keys, acme, `use="signature:new"`)

	answers := make(chan error, 2)
	for _, name := range []string{"acme", "same"} {
		go func() {
			res, err := plainClient.Get(p.URL + "/" + name + "/v1")
			if err == nil {
				res.Body.Close()
			}
			answers <- err
		}()
	}
	for range 2 {
		select {
		case <-partner.asked:
		case <-time.After(20 * time.Second):
			t.Fatal("the partner was not asked for two tokens")
		}
	}
	p.mustReload(fixed)
	hasFixed()
	close(partner.give)
	for range 2 {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{acme, same} {
		if got := p.metric("partnersign_token_refreshes_total", name, `result="refreshed"`); got != 1 {
			t.Errorf("%s got %v tokens of the former configuration", name, got)
		}
	}
	hasFixed()
	has(true, expiry, same, host) // which goes on with the token
	has(true, refresh, same, host)

	p.mustReload(fixed)
	hasFixed()
	has(true, expiry, same, host)
	has(true, refresh, same, host)
}
