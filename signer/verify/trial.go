package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/httpsig"
)

// A trial looks for what makes one signature valid.
type trial struct {
	v         *verification
	in        member
	input     *httpsig.Input
	inputs    []member // all of the request
	signature []byte
	keys      []Key
	tried     map[string]bool // bases that the signature does not fit
	built     int             // bases, of which many may be the same
}

// maxTried bounds how many bases are tried, as each costs up to a millisecond,
// and maxBuilt how many are built to find them.
const (
	maxTried = 4000
	maxBuilt = 5 * maxTried
)

func (t *trial) exhausted() bool { return len(t.tried) >= maxTried || t.built >= maxBuilt }

// A change is one thing that may have happened on the way. What it is applied to
// is the request as it was received, and becomes the one that was signed.
type change struct {
	cause string
	says  string
	apply func(*signer.Request)
	base  func(string) string // instead: what the signer has made of the base
}

// valid is the algorithm with which the signature is valid for r, as the RFC
// says; "": with none.
func (t *trial) valid(r *signer.Request, input *httpsig.Input) string {
	base, err := input.Base(r)
	if err != nil {
		return ""
	}
	return t.fits(base)
}

func (t *trial) fits(base string) string {
	if t.tried[base] || len(t.tried) >= maxTried {
		return ""
	}
	for i := range t.keys {
		for _, a := range t.keys[i].attempts() {
			if a.wrong == "" && t.signature != nil && a.verify([]byte(base), t.signature) {
				return a.algorithm
			}
		}
	}
	t.tried[base] = true
	return ""
}

// causes are the changes that make the signature valid: the first one that does
// alone, or the first two that do together.
func (t *trial) causes() []Problem {
	if p := t.otherKey(); p != nil {
		return []Problem{*p}
	}
	if p := t.otherInput(); p != nil {
		return []Problem{*p}
	}
	changes := t.changes()
	for _, c := range changes {
		if t.exhausted() {
			break
		}
		if p := t.with(c); p != nil {
			return []Problem{*p}
		}
	}
	if p := t.pair(slices.DeleteFunc(changes, func(c change) bool { return c.apply == nil })); p != nil {
		return []Problem{*p}
	}
	return append(t.missing(), Problem{Cause: "unknown", Says: fmt.Sprintf(
		"the signature does not fit what was received, and none of %d changes that are known to happen makes it fit: another key has made it, or a value of the base was another", len(t.tried))})
}

// pair is the problem whose cause two changes are together.
func (t *trial) pair(changes []change) *Problem {
	for i, first := range changes {
		for _, second := range changes[i+1:] {
			if t.exhausted() {
				return nil
			}
			if p := t.with(first, second); p != nil {
				return p
			}
		}
	}
	return nil
}

// with is the problem whose cause the changes are, if the signature is valid
// without them.
func (t *trial) with(changes ...change) *Problem {
	t.built++
	r := copyOf(t.v.r)
	finish := func(base string) string { return base }
	var says []string
	for _, c := range changes {
		if c.apply != nil {
			c.apply(r)
		} else {
			finish = c.base
		}
		says = append(says, c.says)
	}
	base, err := t.input.Base(r)
	if err != nil || t.fits(finish(base)) == "" {
		return nil
	}
	return &Problem{
		Cause:   changes[0].cause,
		Says:    strings.Join(says, "; and "),
		Differs: t.v.differences(strings.Split(base, "\n"), t.received()),
	}
}

// received is the base of what was received, line by line.
func (t *trial) received() (lines []string) {
	for _, c := range t.input.Components() {
		value, err := c.Value(t.v.r)
		if err != nil {
			value = "(" + err.Error() + ")"
		}
		lines = append(lines, t.v.shown(c.String()+": "+value))
	}
	return append(lines, `"@signature-params": `+t.input.String())
}

// differences are the lines that are not the same.
func (v *verification) differences(signed, received []string) (found []Difference) {
	for i, line := range received {
		if was := v.shown(signed[i]); was != line {
			id, value, _ := strings.Cut(line, ": ")
			_, before, _ := strings.Cut(was, ": ")
			found = append(found, Difference{What: id, Signed: before, Received: value})
		}
	}
	return found
}

// missing are the components that the request does not have.
func (t *trial) missing() (found []Problem) {
	for _, c := range t.input.Components() {
		if _, err := c.Value(t.v.r); err != nil {
			found = append(found, Problem{Cause: "component-missing", Says: fmt.Sprintf("%s is covered, and %v: something has removed or changed it", c, err)})
		}
	}
	return found
}

// otherKey looks for a key or a way to sign that fits what was received.
func (t *trial) otherKey() *Problem {
	base, err := t.input.Base(t.v.r)
	if err != nil {
		return nil
	}
	for i := range t.keys {
		for _, a := range t.keys[i].attempts() {
			if a.wrong != "" && a.verify([]byte(base), t.signature) {
				return &Problem{Cause: "encoding", Says: "the signature fits the base and the key, but " + a.wrong}
			}
		}
	}
	for i := range t.v.o.Keys {
		k := &t.v.o.Keys[i]
		for _, a := range k.attempts() {
			if a.verify([]byte(base), t.signature) {
				id, _ := parameter[string](t.input, "keyid")
				return &Problem{Cause: "wrong-key", Says: fmt.Sprintf("the signature was made with %s, and its keyid says %q: the signer has the wrong key or the wrong key_id", k.name(), id)}
			}
		}
	}
	return nil
}

// otherInput looks for a Signature-Input that fits what was received.
func (t *trial) otherInput() *Problem {
	for _, other := range t.inputs {
		input, err := httpsig.ParseInput([]string{other.label + "=" + other.text}, other.label)
		if err == nil && other != t.in && t.valid(t.v.r, input) != "" {
			return &Problem{Cause: "labels", Says: fmt.Sprintf("the signature %s is valid for the input of %s: they were mixed up, or put together from two signings", t.in.label, other.label)}
		}
	}
	base, err := t.input.Base(t.v.r)
	if err == nil && t.in.text != t.input.String() && t.fits(strings.TrimSuffix(base, t.input.String())+t.in.text) != "" {
		return &Problem{Cause: "input-spelling", Says: "the signature is valid for the input as it is spelled, and not for its strict form, which verifiers use (RFC 9421 section 2.3)",
			Differs: []Difference{{"@signature-params", t.in.text, t.input.String()}}}
	}
	return nil
}
