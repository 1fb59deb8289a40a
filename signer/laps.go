package signer

import "time"

// Phases is how many there are.
const Phases = int(PhaseSignature) + 1

func (p Phase) String() string {
	return [Phases]string{"body", "idempotency", "credentials", "challenge", "digest", "signature"}[p]
}

// laps measures what each phase takes. The clock is read when one ends, and not
// for every step; it is what is left until the deadline, as that is needed
// anyway.
type laps struct {
	record   *Record
	deadline time.Time
	left     time.Duration // when the phase began
	phase    Phase
	running  bool
}

// enter begins a phase and ends the one before.
func (l *laps) enter(p Phase) {
	if !l.running || p != l.phase {
		l.end()
		l.phase, l.running = p, true
	}
}

func (l *laps) end() {
	if l.running {
		left := time.Until(l.deadline)
		l.record.Phases[l.phase] += l.left - left
		l.left, l.running = left, false
	}
}
