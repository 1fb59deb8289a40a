package partnertest

import (
	"slices"
	"strings"
)

// offBlocksParameters are those that their verifier knows: it refuses others.
var offBlocksParameters = []string{"created", "expires", "nonce", "alg", "keyid", "tag"}

// authorise checks the token, the signature and the digest of a call.
func (o *OffBlocks) authorise(seen *Request, replayed bool) (Verdict, *denial) {
	if why := o.bearer(seen); why != nil {
		return Verdict{}, why
	}
	if why := offBlocksHeaders(seen); why != nil {
		return Verdict{}, why
	}
	verdict := Verdict{OK: true, Status: 200, Problems: []string{}, Signatures: []Signature{}}
	if replayed {
		verdict.problem("A signature or nonce of this request was seen before.")
	}
	require := o.require(seen)
	o.verifier.checkSignatures(seen, require, &verdict)
	for _, signature := range verdict.Signatures {
		checkOffBlocksInput(seen, signature, &verdict)
	}
	checkDigest(seen, require, &verdict)
	if len(verdict.Problems) > 0 {
		return verdict, deny(401, "unauthorized", "%s", strings.Join(verdict.Problems, " "))
	}
	return verdict, nil
}

// require is what the signature of a call must show. The components that must be covered
// are not published; here they are these, and every signature must verify, whatever its
// label.
func (o *OffBlocks) require(seen *Request) Require {
	components := []string{"@method", "@target-uri", "authorization"}
	if offBlocksStage(seen) == OffBlocksWriteCall {
		components = append(components, "idempotency-key")
		if len(seen.Body) > 0 {
			components = append(components, "content-digest", "content-type")
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	require := Require{
		Keys:          map[string]Key{},
		Components:    components,
		Parameters:    []string{"created", "keyid"},
		MaxAge:        o.opts.MaxAge,
		ContentDigest: AnyDigest,
	}
	if o.key != nil {
		require.Keys[o.keyID] = Key{Public: o.key}
	}
	require.complete() // the key was checked when it was registered
	return require
}

// offBlocksHeaders: writes have a digest, when there is a body, and an idempotency key;
// reads have neither (docs.offblocks.xyz, "Request Signatures" and "Idempotency").
func offBlocksHeaders(seen *Request) *denial {
	if offBlocksStage(seen) == OffBlocksWriteCall {
		keys := seen.Header.Values("Idempotency-Key")
		if len(keys) != 1 || !RawUUID.fits(keys[0]) {
			return deny(400, "bad_request", "Idempotency-Key is %q, where one UUID in lower case was expected.", keys)
		}
		return nil
	}
	for _, name := range []string{"Content-Digest", "Idempotency-Key"} {
		if seen.Header.Has(name) {
			return deny(400, "bad_request", "%s is there, and %s has none.", name, seen.Method)
		}
	}
	return nil
}

// checkOffBlocksInput checks what their verifier cannot do with an input that is valid.
func checkOffBlocksInput(seen *Request, signature Signature, verdict *Verdict) {
	for _, parameter := range signature.Parameters {
		if !slices.Contains(offBlocksParameters, parameter[0]) {
			verdict.problem("Signature %q: the parameter %s is none of %s.", signature.Label, parameter[0], strings.Join(offBlocksParameters, ", "))
		}
	}
	for _, id := range signature.Components {
		c, err := parseComponent(id)
		if err != nil {
			continue
		}
		// It splits values on commas and collapses spaces, so that its base is another.
		for _, value := range seen.Header.Values(c.name) {
			if strings.Contains(value, ",") || strings.Contains(value, "  ") {
				verdict.problem("Signature %q: the value of %s has a comma or two spaces, which their verifier changes.", signature.Label, c.name)
			}
		}
	}
}

// spend says whether a signature or a nonce of the request was seen before, and remembers
// them. It counts such requests.
func (o *OffBlocks) spend(seen *Request) bool {
	values, _ := members(strings.Join(seen.Header.Values("Signature"), ", "))
	inputs, _ := members(strings.Join(seen.Header.Values("Signature-Input"), ", "))
	replayed := false
	for _, member := range values {
		replayed = o.verifier.again("signature "+member[1]) || replayed
	}
	for _, member := range inputs {
		in, err := parseInput(member[1])
		if nonce, ok := in.param("nonce"); err == nil && ok {
			replayed = o.verifier.again("nonce "+nonce) || replayed
		}
	}
	if replayed {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.replays++
	}
	return replayed
}
