package e2e

import (
	"maps"
	"testing"
	"time"
)

// Credentials that are replaced at OffBlocks end all tokens. Once the new ones
// are in their file they are used, without a restart.
func TestOffBlocksSecretRotates(t *testing.T) {
	const next = "canary-api-secret-next-51ab"
	p := offBlocksSetup{Lines: "allow * /**\nallow PUT /v1/auth/credentials guarded"}.start(t)
	p.customer()
	if res := p.ask("PUT", "/v1/auth/credentials", `{"apiKey":"`+offBlocksAPIKey+`","apiSecret":"`+next+`"}`); res.StatusCode != 204 {
		t.Fatalf("%d %s", res.StatusCode, res.Text)
	}
	if res := p.ask("POST", customers, "{}"); res.StatusCode != 401 {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	p.tokenless(t, "it answered 401; check the credentials that it is asked with")
	p.replace("api-secret", next+"\n")
	within(t, soon, "the new secret to be used", func() bool { return p.ask("POST", customers, "{}").StatusCode == 201 })
	if p.Tokens() != 2 || len(p.Writes()) != 2 {
		t.Errorf("%d tokens, %d writes", p.Tokens(), len(p.Writes()))
	}
	p.once(t)
}

// OffBlocks knows one key at a time: from the registration of another to its
// arrival in the files all calls are refused, and they heal by themselves.
func TestOffBlocksKeyRotates(t *testing.T) {
	p := offBlocksSetup{}.start(t)
	p.customer()
	public, file := newOffBlocksKey(t)
	id, err := p.RegisterKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if res := p.ask("POST", customers, "{}"); res.StatusCode != 401 || res.Header.Get("Proxy-Status") != "" {
		t.Errorf("%d %s", res.StatusCode, res.Text)
	}
	p.replace("key.pem", file)
	p.replace("key-id", id+"\n")
	within(t, soon, "the new key to be used", func() bool { return p.ask("POST", customers, "{}").StatusCode == 201 })
	if p.Customers() != 2 {
		t.Errorf("%d customers", p.Customers())
	}
	p.once(t)
}

// A file without a secret is told by its name, and nothing is asked.
func TestOffBlocksSecretMissing(t *testing.T) {
	p := offBlocksSetup{}.start(t)
	p.replace("api-secret", "\n")
	within(t, soon, "the empty file to be read", func() bool { return p.ask("GET", customers+"/a", "").StatusCode == 503 })
	p.ask("GET", customers+"/a", "").refused(t, 503, "credential-unavailable")
	calls := p.tokenCalls()
	p.ask("POST", customers, "{}").refused(t, 503, "credential-unavailable")
	if p.tokenCalls() != calls || len(p.Writes()) > 0 {
		t.Error("OffBlocks was asked all the same")
	}
	p.replace("api-secret", offBlocksSecret)
	within(t, soon, "the secret to be back", func() bool { return p.ask("POST", customers, "{}").StatusCode == 201 })
}

// Metrics tell when the token ends, when there was a new one last, and how often.
func TestOffBlocksTokenMetrics(t *testing.T) {
	p := offBlocksSetup{}.start(t)
	source := `source="` + p.OffBlocks.Addr().String() + `"`
	refreshes := func(want map[string]float64) {
		t.Helper()
		got := map[string]float64{}
		for _, result := range []string{"refreshed", "refused", "failed"} {
			if n := p.metric("partnersign_token_refreshes_total", `partner="offblocks"`, source, `result="`+result+`"`); n > 0 {
				got[result] = n
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("counted %v, want %v", got, want)
		}
	}
	near := func(name string, want time.Time) {
		t.Helper()
		if got := p.metric(name, `partner="offblocks"`, source); got < float64(want.Unix()-5) || got > float64(want.Unix()+1) {
			t.Errorf("%s is %f, want %d", name, got, want.Unix())
		}
	}
	refreshes(map[string]float64{})
	p.customer()
	refreshes(map[string]float64{"refreshed": 1})
	near("partnersign_token_expiry_timestamp_seconds", time.Now().Add(time.Hour))
	near("partnersign_token_last_refresh_timestamp_seconds", time.Now())
	p.InvalidateTokens()
	p.customer()
	refreshes(map[string]float64{"refreshed": 2, "refused": 1})
	p.mustReload(p.file)
	p.customer()
	refreshes(map[string]float64{"refreshed": 2, "refused": 1})
	near("partnersign_token_expiry_timestamp_seconds", time.Now().Add(time.Hour))
}
