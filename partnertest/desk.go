package partnertest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// A Refusal is a call that [OffBlocks], [Dynamic] or [Proof] refused.
type Refusal struct {
	Request *Request
	Status  int
	Code    string // as in the answer
	Reason  string // a sentence, which the answer has as well
}

// A denial is why a call is refused.
type denial struct {
	status int
	code   string
	reason string
}

// deny makes a denial. Reasons do not quote tokens, secrets and signatures.
func deny(status int, code, format string, args ...any) *denial {
	return &denial{status, code, fmt.Sprintf(format, args...)}
}

// A desk is where the calls of a partner arrive. It counts them by their stage S, lets
// them fail, and records what is refused.
type desk[S ~string] struct {
	fail    func(stage S, n int, seen *Request) Failure // nil: nothing fails
	explain func(denial) any                            // makes the body of an error

	mu       sync.Mutex
	calls    map[S]int
	refusals []Refusal
}

func (d *desk[S]) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls, d.refusals = map[S]int{}, nil
}

// refused returns what was refused.
func (d *desk[S]) refused() []Refusal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.refusals)
}

// failure asks how a call fails.
func (d *desk[S]) failure(stage S, seen *Request) Failure {
	d.mu.Lock()
	d.calls[stage]++
	n := d.calls[stage]
	d.mu.Unlock()
	if d.fail == nil {
		return Failure{}
	}
	return d.fail(stage, n, seen)
}

// serve carries a call out, unless it fails before, and answers it.
func (d *desk[S]) serve(w http.ResponseWriter, r *http.Request, seen *Request, f Failure, carryOut func() (reply, *denial)) {
	var answer reply
	if f.After {
		answer = d.judged(seen, carryOut)
	}
	f.strike(r)
	switch {
	case f.Body != "":
		answer = reply{status: f.status(), text: []byte(f.Body)}
	case f.replaces():
		answer = replyWith(f.status(), d.explain(denial{f.status(), f.code(), "This failure was asked for."}))
	case !f.After:
		answer = d.judged(seen, carryOut)
	}
	answer.send(w, f)
}

// judged carries a call out and records a refusal.
func (d *desk[S]) judged(seen *Request, carryOut func() (reply, *denial)) reply {
	answer, why := carryOut()
	if why == nil {
		return answer
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refusals = append(d.refusals, Refusal{seen, why.status, why.code, why.reason})
	return replyWith(why.status, d.explain(*why))
}

// watchBreak tells of every request that a Break ends once its head is read.
func watchBreak(ask func(Moment) Ending, tell func(Moment)) func(Moment) Ending {
	if ask == nil {
		return nil
	}
	return func(m Moment) Ending {
		ending := ask(m)
		if ending != GoOn && m.Request != nil {
			tell(m)
		}
		return ending
	}
}
