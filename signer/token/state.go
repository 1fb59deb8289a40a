package token

import "time"

// A State tells about the tokens of a source. It holds nothing secret.
type State struct {
	// Expiry is when the token ends that is in use. Zero: none is, or nobody
	// knows.
	Expiry time.Time
	// Last is what became of a token last, and At when. Empty: none was asked for.
	Last Result
	At   time.Time
	// Problem is why the source gave none, as the name of a signer.Kind.
	Problem string
	// Err is a secret that tokens are asked for with and that is not available,
	// by its reference.
	Err error
}

// State tells how it stands at the time now. It asks nobody for a token.
func (c *Cache) State(now time.Time) State {
	grant, err := c.source.Grant(now)
	if err != nil {
		return State{Err: err}
	}
	e := process.find(grant.ID)
	if e == nil {
		return State{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := State{Last: e.last, At: e.lastAt}
	if t := e.current.Load(); t != nil {
		s.Expiry = t.expiry
	}
	if e.problem != nil {
		s.Problem = e.problem.Name
	}
	return s
}
