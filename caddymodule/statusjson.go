package caddymodule

import (
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// A statusReport is the answer of /partnersign/status. It tells names,
// references and times, and no values.
type statusReport struct {
	// Whether nothing at all is missing, as of /readyz.
	Ready bool `json:"ready"`

	// When the configuration was loaded; counts begin with it.
	Loaded time.Time `json:"loaded,omitzero"`

	// What the partners share and is missing.
	Missing []string `json:"missing,omitempty"`

	// Each block of a partner, by its name.
	Partners []partnerStatus `json:"partners"`

	// Where captured tokens are kept.
	Store storeStatus `json:"store"`
}

type partnerStatus struct {
	// The partner's name.
	Name string `json:"name"`

	// Whom requests are for.
	Upstream string `json:"upstream"`

	// Whether the partner has all that its requests need.
	Ready bool `json:"ready"`

	// What it needs and is missing.
	Missing []string `json:"missing,omitempty"`

	// What is done with requests, in the order of the configuration.
	Steps []string `json:"steps"`

	// The keys that sign.
	Keys []keyStatus `json:"keys,omitempty"`

	// The bearer tokens.
	Tokens []tokenStatus `json:"tokens,omitempty"`

	// The partner's last answer.
	LastAnswer *answerStatus `json:"last_answer,omitempty"`

	// How far the partner's clock was ahead, as an answer has shown last.
	ClockSkew *skewStatus `json:"clock_skew,omitempty"`

	// The answers of the proxy's own, by type, the latest first.
	Problems []eventStatus `json:"problems,omitempty"`
}

type keyStatus struct {
	// The step that signs with it.
	Use string `json:"use"`

	// As the configuration has it.
	Reference string `json:"reference"`

	// As the configuration has it; else that of the JWK.
	KeyID string `json:"key_id,omitempty"`

	// What it signs with.
	Algorithm keys.Algorithm `json:"algorithm"`

	// By RFC 7638; a shared secret has none.
	Thumbprint string `json:"thumbprint,omitempty"`

	// When the key in use was read.
	Since time.Time `json:"since"`

	// Why what the file holds now is not in use.
	Problem string `json:"problem,omitempty"`
}

type tokenStatus struct {
	// The reference of a fixed token, or the URL of the endpoint without its query.
	Source string `json:"source"`

	// When it expires, if anybody knows.
	Expires *time.Time `json:"expires,omitempty"`

	// What became of a token that is got from somewhere: `refreshed`, `failed`
	// or `refused`.
	Last string `json:"last,omitempty"`

	// When that was.
	At *time.Time `json:"at,omitempty"`

	// The type of the problem, or what is missing.
	Problem string `json:"problem,omitempty"`
}

type answerStatus struct {
	// Its status.
	Status int `json:"status"`

	// When it came.
	At time.Time `json:"at"`
}

type skewStatus struct {
	// In seconds; positive when the partner's clock is ahead.
	Offset float64 `json:"offset"`

	// By how many seconds that may be wrong, either way.
	Uncertainty float64 `json:"uncertainty"`

	// When the answer came that showed it.
	At time.Time `json:"at"`
}

type eventStatus struct {
	// What it was, as a word of a closed set.
	Type string `json:"type"`

	// How often it was since the configuration was loaded.
	Count int `json:"count"`

	// When it was last.
	Last time.Time `json:"last"`
}

type storeStatus struct {
	// `memory` or `storage`.
	Kind string `json:"kind"`

	// How many tokens it keeps, of which some may have expired; of a storage,
	// for all that share it. Absent: it does not tell.
	Entries *int `json:"entries,omitempty"`

	// The last failure.
	LastError *eventStatus `json:"last_error,omitempty"`
}
