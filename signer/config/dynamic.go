package config

import "net/http"

// DynamicUpstream is Dynamic's API; https://app.dynamic.xyz is its second name.
const DynamicUpstream = "https://app.dynamicauth.com"

// DynamicSettings are the settings of the preset Dynamic.
type DynamicSettings struct {
	// Token is a server token, dyn_…, for everything but /sdk/**:
	// `{env.NAME}` or `{file./absolute/path}`. Without it none is sent.
	Token string
	// SDKToken is the token for /sdk/**. Without it a client's own
	// Authorization passes there.
	SDKToken string
	// StripSession removes session tokens from answers, so that no client
	// ever holds one.
	StripSession bool
	// PerClient keeps the session of a flow for the client that began it.
	PerClient bool
}

// Dynamic is the preset for Dynamic's flow payments: the server token, and the
// session token of each flow, which Dynamic tells once and which is put on the
// later calls of the flow. No POST is ever sent again.
func Dynamic(s DynamicSettings) Config {
	c := Config{
		Name:     "dynamic",
		Upstream: DynamicUpstream,
		Guarded:  []Match{{Methods: []string{"POST", "DELETE"}, Paths: []string{"**/environments/*/tokens/**"}}},
		Headers:  noIdempotencyKey(),
		Captures: []Capture{s.flow(), s.checkout()},
	}
	if s.Token != "" {
		c.Bearer = append(c.Bearer, Bearer{Token: s.Token, On: &Match{Paths: []string{"/api/v0/server/**", "/api/v0/environments/**"}}})
	}
	if s.SDKToken != "" {
		c.Bearer = append(c.Bearer, Bearer{Token: s.SDKToken, On: &Match{Paths: []string{"/api/v0/sdk/**"}}})
	} else {
		c.ClientHeaders = []string{"Authorization"}
	}
	return c
}

func (s DynamicSettings) flow() Capture {
	const flow = "/api/v0/sdk/:env/flow/:flow/"
	return Capture{
		Mint:      CaptureCall{http.MethodPost, flow + "source"},
		ID:        []CaptureID{{Name: "env"}, {Name: "flow"}},
		Token:     "/sessionToken",
		ExpiresAt: "/sessionExpiresAt",
		Check:     &CaptureCheck{"/flow/id", "flow"},
		Send: []CaptureSend{{
			Header:  "X-Dynamic-Flow-Session-Token",
			Methods: []string{http.MethodPost},
			Paths:   []string{flow + "source", flow + "quote", flow + "prepare", flow + "broadcast", flow + "cancel"},
		}},
		Drop: []CaptureDrop{
			{Status: []int{http.StatusUnauthorized}},
			{Status: []int{2}, Call: &CaptureCall{http.MethodPost, flow + "cancel"}},
		},
		Strip:     s.StripSession,
		PerClient: s.PerClient,
	}
}

// checkout is the form before flows: the transaction is made together with its
// token.
func (s DynamicSettings) checkout() Capture {
	const transaction = "/api/v0/sdk/:env/transactions/:transaction/"
	return Capture{
		Mint:      CaptureCall{http.MethodPost, "/api/v0/sdk/:env/checkouts/:checkout/transactions"},
		ID:        []CaptureID{{Name: "env"}, {Name: "transaction", Pointer: "/transaction/id"}},
		Token:     "/sessionToken",
		ExpiresAt: "/sessionExpiresAt",
		Send: []CaptureSend{{
			Header:  "X-Dynamic-Checkout-Session-Token",
			Methods: []string{http.MethodPost},
			Paths: []string{
				transaction + "source", transaction + "quote", transaction + "prepare", transaction + "broadcast", transaction + "cancel",
			},
		}},
		Drop: []CaptureDrop{
			{Status: []int{http.StatusUnauthorized}},
			{Status: []int{2}, Call: &CaptureCall{http.MethodPost, transaction + "cancel"}},
		},
		Strip:     s.StripSession,
		PerClient: s.PerClient,
	}
}
