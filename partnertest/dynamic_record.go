package partnertest

import (
	"crypto/sha256"
)

// Refusals returns every call refused since the last Reset, in order. What
// [DynamicOptions.Fail] lets fail before it is judged is not among them.
func (d *Dynamic) Refusals() []Refusal { return d.desk.refused() }

// Flows is how many flows, and transactions of the older form, were made since the last
// Reset.
func (d *Dynamic) Flows() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.flows)
}

// Sessions is how many session tokens were minted since the last Reset.
func (d *Dynamic) Sessions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.minted
}

// SessionToken is the token that is alive of a flow or transaction, or "".
func (d *Dynamic) SessionToken(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, flow := range d.flows {
		if flow.ID == id {
			return flow.alive(d.now())
		}
	}
	return ""
}

// Overlap is the largest number of /source calls of one flow that were under way at once
// since the last Reset. Above 1, the order of the answers does not tell which token is
// alive.
func (d *Dynamic) Overlap() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.overlap
}

// Repeats is how many POSTs since the last Reset came again, with the same target and
// body, after they were answered with 5xx or not at all, and without a successful read of
// the flow in between: nothing may repeat them by itself.
func (d *Dynamic) Repeats() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.repeats
}

// begin counts a call that begins, and returns what is to be done when it ends. It must
// know beforehand whether the client will be left without an answer.
func (d *Dynamic) begin(call dynamicCall, failure Failure) (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := call.key()
	if call.seen.Method == "POST" {
		mark := sha256.Sum256([]byte(call.seen.Target + "\n" + string(call.seen.Body)))
		if _, ok := d.failed[mark]; ok {
			d.repeats++
		}
		delete(d.failed, mark)
		if failure.Status >= 500 || failure.End != GoOn {
			d.failed[mark] = key
		}
	}
	if call.stage != DynamicMintCall || call.id == "" {
		return func() {}
	}
	d.sources[key]++
	d.overlap = max(d.overlap, d.sources[key])
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.sources[key]--
	}
}

// broken counts a call whose connection ends before it is carried out.
func (d *Dynamic) broken(m Moment) {
	if m.Stage == Executed {
		d.begin(readDynamicCall(m.Request), Failure{End: Close})()
	}
}

// reread: a flow that was read may be gone on with.
func (d *Dynamic) reread(key string) {
	for mark, flow := range d.failed {
		if flow == key {
			delete(d.failed, mark)
		}
	}
}
