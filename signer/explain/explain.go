// Package explain shows what becomes of a request: what each step of a partner
// does to it, what is signed, and what would go out. Nothing is sent.
//
// A [Recorder] takes the place of the transport that sends. The engine itself
// does the rest, so that what is shown is what it does:
//
//	mask := new(explain.Mask)
//	recorder := explain.NewRecorder(explain.Options{Mask: mask})
//	partner, err := config.Build(c, recorder.Runtime(config.Runtime{}))
//	_, err = partner.Transport(recorder).RoundTrip(req)
//	explanation := recorder.Explanation()
//
// # Secrets
//
// Where a secret would be, its reference is shown, such as {env.ACME_TOKEN}.
// What must be asked for is shown as <what it is>, and so is what a client has
// sent to prove who it is. Of signatures only the length is shown, because
// whoever has a signed request can send it.
package explain

import (
	"encoding/json"
	"io"

	"github.com/partnersign/partnersign/signer/message"
)

// An Explanation is what becomes of one request.
type Explanation struct {
	Input    Input    `json:"input"`
	Partner  string   `json:"partner,omitempty"`
	Upstream string   `json:"upstream,omitempty"`
	Steps    []Step   `json:"steps"`
	Sent     *Sent    `json:"sent,omitempty"`
	Refused  *Refusal `json:"refused,omitempty"`
}

// An Input is all that an explanation depends on, beside the configuration.
type Input struct {
	Method  string         `json:"method"`
	URL     string         `json:"url"`
	Headers message.Fields `json:"headers,omitempty"`
	Body    Body           `json:"body,omitzero"`
	Client  string         `json:"client,omitempty"` // the client's address; empty: this machine
	Now     string         `json:"now"`              // RFC 3339
	Nonce   string         `json:"nonce"`            // random bytes in base64
}

// A Step is what one step has done.
type Step struct {
	Name    string   `json:"name"` // as in a Caddyfile
	Changes []Change `json:"changes,omitempty"`
	// Calls are those that the step makes to the partner first.
	Calls []Sent `json:"calls,omitempty"`
	// Base is what the step has signed, line by line.
	Base []string `json:"base,omitempty"`
	// Note says what cannot be known here.
	Note string `json:"note,omitempty"`
}

// A Change is one difference that a step makes: to a header, or to the target
// or the body.
type Change struct {
	What  string  `json:"what"`
	Value *string `json:"value"` // nil: it is removed
}

// Sent is a request that would go out, as HTTP/1.1 has it.
type Sent struct {
	Line    string         `json:"line"`
	Headers message.Fields `json:"headers"`
	Body    Body           `json:"body,omitzero"`
}

// A Body is a body as text, or in base64 if it is none.
type Body struct {
	Text   string `json:"text,omitempty"`
	Base64 string `json:"base64,omitempty"`
}

// A Refusal is why nothing would be sent, and what the client gets instead.
type Refusal struct {
	Status int    `json:"status"`
	Type   string `json:"type,omitempty"`
	Detail string `json:"detail"`
	Cause  string `json:"cause,omitempty"` // what the log says
}

// WriteJSON writes e as it is kept in a golden file.
func (e *Explanation) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(e)
}
