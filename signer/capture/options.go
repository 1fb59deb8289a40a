package capture

import "time"

// Options describe a token that is told once. Mint, ID, Token, Send and Store
// are required.
type Options struct {
	// Mint is the call whose answer tells the token.
	Mint Call
	// ID are the ids by which calls belong to one flow. Each Send path has
	// them all by their names.
	ID []ID
	// Token is a JSON pointer (RFC 6901) to the token in the answer, a string.
	Token string
	// ExpiresAt is a JSON pointer to when it ends: RFC 3339, or seconds or
	// milliseconds since 1970. Default: see Life.
	ExpiresAt string
	// Life is how long a token is kept whose answer does not tell, or tells a
	// time that is over. Default: 24 h.
	Life time.Duration
	// Check is what the answer must say besides. Default: nothing.
	Check Check
	// Send are the calls that carry the token. The first that fits decides.
	// The mint can be one of them: then it carries the token before.
	Send []Send
	// Drop are the answers that end a token. It is forgotten if it is still
	// the one that was sent. Default: none.
	Drop []Drop
	// Strip removes the token from the answer, once it is stored, so that the
	// client never holds it. Every other byte stays.
	Strip bool
	// PerClient keeps the flows of clients apart, by signer.Client. A client
	// that is not known is refused.
	PerClient bool
	// Store keeps the tokens. Several steps may share it.
	Store Store
	// Observe is told what happens, by many requests at the same time, and
	// returns at once. Default: nobody.
	Observe func(Event)
}

// DefaultLife is how long a token is kept when nothing tells: a day.
const DefaultLife = 24 * time.Hour

// A Call is a method and a path. In a path ":name" is one segment that is not
// empty, "*" one without a name; it is compared as it is sent, percent-encoding
// kept, letter case included.
type Call struct {
	Method string
	Path   string
}

// An ID is one part of what names a flow.
type ID struct {
	// Name is the one it has in paths, without the colon.
	Name string
	// Pointer is a JSON pointer to it in the answer, for ids that the mint
	// makes. Mints of such flows are not run one after the other: each makes a
	// flow of its own. Default: the mint's path has it.
	Pointer string
}

// A Check compares an answer with its request. What does not fit is not stored.
type Check struct {
	Pointer string // a JSON pointer to a string in the answer
	Name    string // what it must equal: a name in the mint's path, percent-decoded
}

// A Send says which calls carry the token, and how.
type Send struct {
	// Header carries it, bare. A client that sends it itself keeps its own.
	Header string
	// Methods are in upper case; GET includes HEAD. Default: any.
	Methods []string
	// Paths are as in Call. Required.
	Paths []string
}

// A Drop says which answers end a token.
type Drop struct {
	// Status are codes, such as 401, or classes, such as 2 for all 2xx.
	// Required.
	Status []int
	// Call is the one that is answered, of those that carry the token.
	// Default: all of them.
	Call Call
}
