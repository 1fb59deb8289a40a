package keys

import "time"

// A Reading is what can be told of a key that is in use.
type Reading struct {
	// Thumbprint is as of [Key.Thumbprint], "" for a shared secret.
	Thumbprint string
	// KeyID is as of [Key.JWKKeyID].
	KeyID string
	// Since is when it was read from its file. Zero: when it was opened.
	Since time.Time
	// Err is why what its file holds now is not in use. It quotes nothing of it.
	Err error
}

// Written returns when the file of the key that was last in use had been
// modified. Zero: it is from no file.
func (k *Key) Written() time.Time { return k.open().state.Load().written }

// Look tells which key is in use at the time now. It looks at the file as
// [Key.Sign] does.
func (k *Key) Look(now time.Time) Reading {
	l := k.open()
	_, _ = l.get(now)
	s := l.state.Load()
	return Reading{s.value.thumbprint, s.value.kid, s.since, s.err}
}
