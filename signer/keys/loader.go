package keys

import (
	"fmt"
	"time"
)

// Loader opens secrets and keys. The zero value works. What it opened is safe
// for concurrent use and keeps the loader's settings of that moment.
type Loader struct {
	// Now is the clock that is read when something is opened; afterwards the
	// time is an argument. Nil: [time.Now].
	Now func() time.Time

	// Reloaded is told once of each change of a file that was noticed: err is
	// nil when the new content is in use, and otherwise says why it is not. A
	// failure that stays the same is told once; the end of a failure is told
	// too. The source is the reference, such as {file./run/secrets/token}, and
	// neither it nor err holds anything secret. It runs within the call that
	// noticed the change, for several files maybe at the same time. Nil:
	// nothing is told.
	Reloaded func(source string, err error)

	// Resolved is told what a reference stands for when it is opened: a secret's
	// reference and its value; of a key, its thumbprint as {key.thumbprint} and
	// the id of a JWK as {key.kid}. It is for programs that show what is made of
	// a configuration, and show the reference where the value would be. Nil:
	// nothing is told.
	Resolved func(reference, value string)

	// StandIns opens nothing: each reference stands for a throw-away secret or
	// key of its own, the same ones on every machine. What they sign is worth
	// nothing.
	StandIns bool
}

func (l *Loader) resolved(reference, value string) {
	if l.Resolved != nil && value != "" {
		l.Resolved(reference, value)
	}
}

func (l *Loader) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

// open reads what r refers to, and follows it when it is a file.
func open[T any](l *Loader, r reference, parse func([]byte) (T, error)) (*live[T], error) {
	if r.path != "" {
		return follow(r, parse, l.Reloaded, l.now())
	}
	content, err := r.lookup()
	if err != nil {
		return nil, err
	}
	value, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	return fixed(value, nil), nil
}
