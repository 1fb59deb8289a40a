package partnertest

import (
	"fmt"
	"slices"
)

// A DfnsWrite is a write that was carried out. One that was answered with what its
// externalId created before is none.
type DfnsWrite struct {
	Request    *Request
	Status     int    // 200, or 202 when it waits for an approval
	ID         string // of what was created or changed; empty where there is nothing
	Credential string // the id of the one that signed; empty where no user action is needed
}

// A DfnsRefusal is a call that was refused.
type DfnsRefusal struct {
	Request *Request
	Status  int
	Reason  string // a sentence, which the answer has as its message
}

// Writes returns every write carried out since the last Reset, in order.
func (d *Dfns) Writes() []DfnsWrite {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.writes)
}

// Refusals returns every call refused since the last Reset, in order. What
// [DfnsOptions.Fail] lets fail before it is judged is not among them.
func (d *Dfns) Refusals() []DfnsRefusal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.refusals)
}

// dfnsRefusal is why a call is refused.
type dfnsRefusal struct {
	status  int
	reason  string
	details any
}

// refuse makes a refusal. Reasons do not quote tokens, secrets and signatures.
func refuse(status int, format string, args ...any) *dfnsRefusal {
	return &dfnsRefusal{status: status, reason: fmt.Sprintf(format, args...)}
}

// refused records a refusal and makes the answer.
func (d *Dfns) refused(seen *Request, refusal *dfnsRefusal) dfnsReply {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refusals = append(d.refusals, DfnsRefusal{seen, refusal.status, refusal.reason})
	return dfnsReply{status: refusal.status, body: dfnsError(refusal.status, refusal.reason, refusal.details)}
}

// refusal is 400 with the fault, or nil.
func (o *jsonObject) refusal() *dfnsRefusal {
	if o.err == nil {
		return nil
	}
	return refuse(400, "The body: %v.", o.err)
}
