package config

import "net/http"

// ProofSettings are the settings of the preset Proof.
type ProofSettings struct {
	// ClientToken is the bearer token: `{env.NAME}` or `{file./absolute/path}`.
	// Without it none is sent.
	ClientToken string
	// Origin is the registered origin, such as https://app.example.com: text.
	// Without it none is sent.
	Origin string
}

// Proof is the preset for Proof's widget sessions: a token, the registered
// origin, and the end user's address where the body lacks it. It has no
// upstream, for each customer has its own.
func Proof(s ProofSettings) Config {
	session := &Match{Methods: []string{"POST"}, Paths: []string{"**/widget/session"}}
	calls := &Match{Methods: []string{"GET", "POST"}, Paths: []string{"**/widget/session", "**/widget/transactions/*"}}
	c := Config{
		Name:       "proof",
		Headers:    noIdempotencyKey(),
		JSONFields: []JSONField{{Pointer: "/client_ip", Value: clientIP, On: session}},
		Retries: []Retry{
			{On: calls, Status: []int{http.StatusBadGateway}},
			{On: calls, Status: []int{http.StatusInternalServerError}, Attempts: 2},
		},
	}
	if s.ClientToken != "" {
		c.Bearer = []Bearer{{Token: s.ClientToken}}
	}
	if s.Origin != "" {
		c.Headers = append(c.Headers, Header{Name: "Origin", Value: s.Origin})
	}
	return c
}
