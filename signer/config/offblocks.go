package config

import "github.com/partnersign/partnersign/signer"

// OffBlocksUpstream is OffBlocks' API; https://api.sandbox.offblocks.xyz is the
// sandbox's.
const OffBlocksUpstream = "https://api.offblocks.xyz"

// OffBlocksSettings are the settings of the preset OffBlocks.
type OffBlocksSettings struct {
	// Upstream is the API. Default: OffBlocksUpstream.
	Upstream string
	// APIKey and APISecret are exchanged for a token: `{env.NAME}` or
	// `{file./absolute/path}`. Without them no token is sent.
	APIKey, APISecret string
	// Key is the P-384 key that signs: an absolute path,
	// `{file./absolute/path}` or `{env.NAME}`. Without it nothing is signed.
	Key string
	// KeyID is what OffBlocks answered when the key was registered: text.
	KeyID string
}

// OffBlocks is the preset for the customers API of OffBlocks: tokens by
// exchange, every request signed with P-384, and writes with a digest and an
// idempotency key. What OffBlocks does not publish is as its verifier takes it,
// and can be replaced by a subdirective.
func OffBlocks(s OffBlocksSettings) Config {
	c := Config{
		Name:           "offblocks",
		Upstream:       OffBlocksUpstream,
		Guarded:        []Match{{Paths: []string{"/v1/auth/**"}}},
		IdempotencyKey: &IdempotencyKey{},
		ContentDigest:  &ContentDigest{Algorithms: []string{"sha-512"}},
	}
	if s.Upstream != "" {
		c.Upstream = s.Upstream
	}
	if s.APIKey != "" || s.APISecret != "" {
		c.Bearer = []Bearer{{TokenEndpoint: &TokenEndpoint{
			URL:       tokenURL(c.Upstream, "/v1/auth/token"),
			JSON:      []Param{{"apiKey", s.APIKey}, {"apiSecret", s.APISecret}},
			Token:     "/token",
			ExpiresAt: "/expiresAt",
		}}}
	}
	if s.Key != "" {
		c.Signatures = []Signature{{
			Label:     "sig",
			Key:       s.Key,
			KeyID:     s.KeyID,
			Algorithm: "ecdsa-p384-sha384",
			Components: []string{
				"@method", "@target-uri", "authorization", "content-digest?", "content-type?", "idempotency-key?",
			},
			Parameters: []string{"created", "keyid", "alg"},
		}}
	}
	return c
}

// tokenURL is a path of an upstream. An upstream that is a socket has none.
func tokenURL(upstream, path string) string {
	u, err := signer.ParseUpstream(upstream)
	if err != nil || u.Socket != "" {
		return ""
	}
	return u.String() + path
}
