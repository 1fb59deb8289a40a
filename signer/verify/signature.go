package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/httpsig"
	"github.com/partnersign/partnersign/signer/message"
)

// A verification is one request that is being verified.
type verification struct {
	o      Options
	m      *message.Request
	r      *signer.Request // as received
	report Report
}

func (v *verification) problem(cause, format string, args ...any) {
	v.report.Problems = append(v.report.Problems, Problem{Cause: cause, Says: fmt.Sprintf(format, args...)})
}

// signatures verifies all that were asked for.
func (v *verification) signatures() {
	inputs, err := members(v.m.Header.Values(v.o.InputHeader))
	if err != nil {
		v.problem("malformed", "%s cannot be read: %v", v.o.InputHeader, err)
		return
	}
	values, err := members(v.m.Header.Values(v.o.SignatureHeader))
	if err != nil {
		v.problem("malformed", "%s cannot be read: %v", v.o.SignatureHeader, err)
		return
	}
	seen := map[string]int{}
	for _, in := range inputs {
		if v.o.Label == "" || in.label == v.o.Label {
			v.report.Signatures = append(v.report.Signatures, v.signature(in, nth(values, in.label, seen[in.label]), inputs))
			seen[in.label]++
		}
	}
	for _, label := range sortedKeys(seen) {
		if seen[label] > 1 {
			v.problem("signed-twice", "the label %s is there %d times: what was signed before has been signed again; verifiers keep the last, or refuse both", label, seen[label])
		}
		if n := count(values, label); n != seen[label] {
			v.problem("signature-missing", "%s has the label %s %d times, and %s %d times: something has removed or added one", v.o.InputHeader, label, seen[label], v.o.SignatureHeader, n)
		}
	}
	switch {
	case len(v.report.Signatures) > 0:
	case v.o.Label != "" && len(inputs) > 0:
		v.problem("label", "there is no signature with the label %s; there is %s", v.o.Label, labels(inputs))
	case len(values) > 0:
		v.problem("input-missing", "the request has %s and no %s: something has removed it", v.o.SignatureHeader, v.o.InputHeader)
	default:
		v.problem("unsigned", "the request has no %s: it was not signed, or something has removed the header", v.o.InputHeader)
	}
}

func nth(all []member, label string, n int) string {
	for _, m := range all {
		if m.label == label {
			if n == 0 {
				return m.text
			}
			n--
		}
	}
	return ""
}

func count(all []member, label string) (n int) {
	for _, m := range all {
		if m.label == label {
			n++
		}
	}
	return n
}

func labels(all []member) string {
	var names []string
	for _, m := range all {
		names = append(names, m.label)
	}
	return strings.Join(names, ", ")
}

func sortedKeys(m map[string]int) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// signature verifies one.
func (v *verification) signature(in member, value string, inputs []member) Signature {
	s := Signature{Label: in.label, HTTPSign: "not asked: the input cannot be read"}
	add := func(cause, format string, args ...any) {
		s.Problems = append(s.Problems, Problem{Cause: cause, Says: fmt.Sprintf(format, args...)})
	}
	input, err := httpsig.ParseInput([]string{in.label + "=" + in.text}, in.label)
	if err != nil {
		add("malformed", "%s cannot be read: %v", v.o.InputHeader, err)
		return s
	}
	s.KeyID, _ = parameter[string](input, "keyid")
	signature, err := decode(value)
	if err != nil {
		add("malformed", "%v", err)
	}
	keys, known := v.keysFor(s.KeyID)
	if !known {
		add("key-unknown", "the signature's keyid is %q, and no key that was given is called so", s.KeyID)
	}
	t := &trial{v: v, in: in, input: input, inputs: inputs, signature: signature, keys: keys, tried: map[string]bool{}}
	s.Base = t.received()
	if base, err := input.Base(v.r); err == nil {
		sum := sha256.Sum256([]byte(base))
		s.BaseSHA256 = hex.EncodeToString(sum[:])
	}
	s.Algorithm = t.valid(v.r, input)
	s.HTTPSign = v.secondOpinion(in, input, keys)
	if signature != nil && s.Algorithm == "" {
		s.Problems = append(s.Problems, t.causes()...)
	}
	if alg, ok := parameter[string](input, "alg"); ok && s.Algorithm != "" && alg != s.Algorithm {
		add("algorithm", "the parameter alg is %q, and the signature is one of %s", alg, s.Algorithm)
	}
	s.Problems = append(s.Problems, v.times(input)...)
	if ours := s.Algorithm != ""; signature != nil && ours == strings.HasPrefix(s.HTTPSign, "invalid") && !strings.HasPrefix(s.HTTPSign, "not asked") {
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("httpsign and our own verification do not agree on %s: %s", in.label, s.HTTPSign))
	}
	s.Valid = len(s.Problems) == 0 && s.Algorithm != ""
	return s
}

func parameter[T any](in *httpsig.Input, name string) (value T, ok bool) {
	any, _ := in.Parameter(name)
	value, ok = any.(T)
	return value, ok
}

// keysFor are the keys that may have this id, or all if none has.
func (v *verification) keysFor(id string) (keys []Key, known bool) {
	for _, k := range v.o.Keys {
		if id != "" && k.ID == id {
			keys = append(keys, k)
		}
	}
	if keys != nil {
		return keys, true
	}
	for _, k := range v.o.Keys {
		if k.ID == "" || id == "" {
			keys = append(keys, k)
		}
	}
	if keys != nil {
		return keys, true
	}
	return v.o.Keys, false
}
