package partnertest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// ahead is how far the sender's clock may be ahead of ours.
const ahead = 2 * time.Second

// checkSignatures verifies the signatures that are required (RFC 9421, section 3.2).
func (v *verifier) checkSignatures(r *Request, require Require, verdict *Verdict) {
	inputs, err := members(strings.Join(r.Header.Values(require.InputHeader), ", "))
	if err != nil {
		verdict.problem("%s cannot be read: %v.", require.InputHeader, err)
		return
	}
	values, err := members(strings.Join(r.Header.Values(require.SignatureHeader), ", "))
	if err != nil {
		verdict.problem("%s cannot be read: %v.", require.SignatureHeader, err)
		return
	}
	found := false
	for _, member := range inputs {
		if label := member[0]; require.Label == "" || label == require.Label {
			found = true
			signature, problems := v.checkSignature(r, require, member, values.Get(label))
			verdict.Signatures = append(verdict.Signatures, signature)
			for _, problem := range problems {
				verdict.problem("Signature %q: %s.", label, problem)
			}
		}
	}
	for _, member := range values {
		if label := member[0]; !inputs.Has(label) && (require.Label == "" || label == require.Label) {
			verdict.problem("Signature %q has no member in %s.", label, require.InputHeader)
			found = true
		}
	}
	switch {
	case found:
	case require.Label != "":
		verdict.problem("The request has no signature with the label %q.", require.Label)
	default:
		verdict.problem("The request is not signed: it has no %s.", require.InputHeader)
	}
}

// checkSignature verifies one signature: member is its label and input.
func (v *verifier) checkSignature(r *Request, require Require, member [2]string, value string) (Signature, []string) {
	s := Signature{Label: member[0], Components: []string{}, Parameters: Fields{}}
	in, err := parseInput(member[1])
	if err != nil {
		s.Rebuilt, s.HTTPSign = "refused: "+err.Error(), "not asked: the input cannot be read"
		return s, []string{err.Error()}
	}
	for _, c := range in.components {
		s.Components = append(s.Components, c.id)
	}
	for _, p := range in.params {
		text, _ := in.param(p[0])
		s.Parameters = append(s.Parameters, [2]string{p[0], text})
	}
	keyID, named := in.param("keyid")
	s.KeyID = keyID

	problems := append(strictness(member), missing(r, require, in)...)
	problems = append(problems, v.checkTimes(require, in)...)
	if require.RefuseReplays {
		if value != "" && v.again("signature "+value) {
			problems = append(problems, "the same signature was seen before")
		}
		if nonce, ok := in.param("nonce"); ok && v.again("nonce "+nonce) {
			problems = append(problems, fmt.Sprintf("the nonce %q was seen before", nonce))
		}
	}

	key, err := require.key(keyID, named)
	if err != nil {
		s.Rebuilt, s.HTTPSign = "refused: "+err.Error(), "not asked: no key is known"
		return s, append(problems, err.Error())
	}
	s.Algorithm = key.algorithm()
	if alg, ok := in.param("alg"); ok && alg != s.Algorithm {
		problems = append(problems, fmt.Sprintf("the parameter alg is %q, and the key's algorithm is %q", alg, s.Algorithm))
	}
	s.Rebuilt = accepted
	if s.Base, err = rebuild(r, in, key, value); err != nil {
		s.Rebuilt = "refused: " + err.Error()
		problems = append(problems, err.Error())
	}
	s.HTTPSign = v.askHTTPSign(r, require, in, key, s.Label)
	if refusal, refused := strings.CutPrefix(s.HTTPSign, "refused: "); refused {
		problems = append(problems, "httpsign refuses it: "+refusal)
	}
	return s, problems
}

// rebuild verifies a signature over the base rebuilt from the request.
func rebuild(r *Request, in input, key Key, value string) (base string, err error) {
	if base, err = signatureBase(r, in); err != nil {
		return "", err
	}
	if value == "" {
		return base, errors.New("it has an input and no value")
	}
	signature, err := byteSequence(value)
	if err != nil {
		return base, fmt.Errorf("the signature's value cannot be read: %w", err)
	}
	return base, key.verify(base, signature)
}

// strictness compares an input with its strict serialisation, from which other
// verifiers take the last line of the base (RFC 9421, section 2.3).
func strictness(member [2]string) []string {
	sent := member[0] + "=" + member[1]
	dictionary, err := httpsfv.UnmarshalDictionary([]string{sent})
	if err != nil {
		return []string{fmt.Sprintf("the input is not a structured field: %v", err)}
	}
	if strict, err := httpsfv.Marshal(dictionary); err != nil || strict != sent {
		return []string{fmt.Sprintf("the input is %s, and strictly serialised it is %s", sent, strict)}
	}
	return nil
}

// missing names the components and parameters that are required and not covered.
func missing(r *Request, require Require, in input) []string {
	var problems []string
	for _, written := range require.Components {
		c, conditional, _ := parseRequired(written) // Require.complete has read it before
		if !in.covers(c) && (!conditional || c.in(r)) {
			problems = append(problems, fmt.Sprintf("the component %s is not covered", c.id))
		}
	}
	for _, name := range require.Parameters {
		if !in.params.Has(name) {
			problems = append(problems, fmt.Sprintf("the parameter %s is missing", name))
		}
	}
	return problems
}

// checkTimes compares created and expires, which are in seconds, with the clock.
func (v *verifier) checkTimes(require Require, in input) []string {
	var problems []string
	now := v.now()
	if require.MaxAge > 0 {
		text, _ := in.param("created")
		created, err := strconv.ParseInt(text, 10, 64)
		at := time.Unix(created, 0)
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("the parameter created is %q, where a time was expected", text))
		case at.Add(require.MaxAge).Before(now):
			problems = append(problems, fmt.Sprintf("it was created %s ago, and may be no older than %s", now.Sub(at).Round(time.Second), require.MaxAge))
		case at.After(now.Add(ahead)):
			problems = append(problems, fmt.Sprintf("it is created %s from now", at.Sub(now).Round(time.Second)))
		}
	}
	if text, ok := in.param("expires"); ok {
		expires, err := strconv.ParseInt(text, 10, 64)
		switch at := time.Unix(expires, 0); {
		case err != nil:
			problems = append(problems, fmt.Sprintf("the parameter expires is %q, where a time was expected", text))
		case now.After(at):
			problems = append(problems, fmt.Sprintf("it expired %s ago", now.Sub(at).Round(time.Second)))
		}
	}
	return problems
}
