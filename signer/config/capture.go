package config

import (
	"github.com/partnersign/partnersign/signer/capture"
)

// Capture keeps a token that a partner tells once, and sends it on the calls
// that need it. In its paths a segment `:name` stands for any one.
type Capture struct {
	// The call that is answered with the token. Required.
	Mint CaptureCall `json:"mint,omitempty"`

	// What tells one token from another. Required.
	ID []CaptureID `json:"id,omitempty"`

	// A JSON pointer to the token in the answer. Required.
	Token string `json:"token,omitempty"`

	// A JSON pointer to when it expires: a date (RFC 3339), or seconds or
	// milliseconds since 1970. Default: it is kept for a day.
	ExpiresAt string `json:"expires_at,omitempty"`

	// What the answer must say for the token to be taken. Default: nothing.
	Check *CaptureCheck `json:"check,omitempty"`

	// The calls that the token is sent on. Required.
	Send []CaptureSend `json:"send,omitempty"`

	// When the token is forgotten, besides its expiry.
	Drop []CaptureDrop `json:"drop,omitempty"`

	// Removes the token from the answer, so that the client never has it.
	Strip bool `json:"strip,omitempty"`

	// Keeps the token for the client alone that it was told to.
	PerClient bool `json:"per_client,omitempty"`
}

// CaptureCall is one call.
type CaptureCall struct {
	// The method.
	Method string `json:"method,omitempty"`

	// The path.
	Path string `json:"path,omitempty"`
}

// CaptureID is one part of what tells a token from another.
type CaptureID struct {
	// The name that it has in paths, without the colon.
	Name string `json:"name,omitempty"`

	// A JSON pointer to it in the answer, where the call makes it. Default: it
	// is in the path of the call.
	Pointer string `json:"pointer,omitempty"`
}

// CaptureCheck compares the answer with the path of the call.
type CaptureCheck struct {
	// A JSON pointer into the answer.
	Pointer string `json:"pointer,omitempty"`

	// The name, without the colon, whose value must be there.
	Name string `json:"name,omitempty"`
}

// CaptureSend is a header and the calls that it is for.
type CaptureSend struct {
	// The header. A client that sends it itself keeps its own.
	Header string `json:"header,omitempty"`

	// Methods in upper case. Default: any.
	Methods []string `json:"methods,omitempty"`

	// Paths, with all the names of the ID.
	Paths []string `json:"paths,omitempty"`
}

// CaptureDrop is an answer after which the token is of no use any more.
type CaptureDrop struct {
	// Status codes, such as 401, or classes, such as 2 for 200 to 299.
	Status []int `json:"status,omitempty"`

	// The call that is answered. Default: all that the token is sent on.
	Call *CaptureCall `json:"call,omitempty"`
}

// check says what is wrong with c in itself. It asks the engine.
func (c *Capture) check() error { return capture.CheckOptions(c.options()) }

func (c *Capture) options() capture.Options {
	o := capture.Options{
		Mint:      capture.Call(c.Mint),
		Token:     c.Token,
		ExpiresAt: c.ExpiresAt,
		Strip:     c.Strip,
		PerClient: c.PerClient,
	}
	for _, id := range c.ID {
		o.ID = append(o.ID, capture.ID(id))
	}
	if c.Check != nil {
		o.Check = capture.Check(*c.Check)
	}
	for _, s := range c.Send {
		o.Send = append(o.Send, capture.Send(s))
	}
	for _, d := range c.Drop {
		drop := capture.Drop{Status: d.Status}
		if d.Call != nil {
			drop.Call = capture.Call(*d.Call)
		}
		o.Drop = append(o.Drop, drop)
	}
	return o
}
