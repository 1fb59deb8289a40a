package partnertest

// A dfnsUserAction is a token that authorises one request.
type dfnsUserAction struct {
	dfnsBinding
	credential string
	spent      bool
}

// completeAction answers POST /auth/action
// (docs.dfns.co/api-reference/auth/create-user-action-signature). A challenge is spent by
// the first answer to it, a wrong one included. Dfns does not say with which status it
// refuses a wrong signature; here it is 403, as for the user action that there is none of.
func (d *Dfns) completeAction(seen *Request) (dfnsReply, *dfnsRefusal) {
	identifier, assertion, err := readAssertion(seen.Body)
	if err != nil {
		return dfnsReply{}, refuse(400, "The body of %s: %v.", dfnsActionPath, err)
	}
	challenge := d.challenges[identifier]
	switch {
	case challenge == nil:
		return dfnsReply{}, refuse(400, "The challengeIdentifier is not one that was given out.")
	case challenge.spent:
		return dfnsReply{}, refuse(400, "The challenge was answered before.")
	case d.opts.Now().After(challenge.expires):
		return dfnsReply{}, refuse(400, "The challenge has expired: it is valid for %s.", dfnsChallengeLife)
	}
	challenge.spent = true
	key, known := d.opts.Credentials[assertion.credential]
	if !known {
		return dfnsReply{}, refuse(403, "The credential %q is not among those allowed.", assertion.credential)
	}
	if err := checkClientData(assertion.clientData, challenge.challenge, d.opts.AcceptSDKs); err != nil {
		return dfnsReply{}, refuse(400, "clientData: %v.", err)
	}
	if !verifyDfns(key, assertion.clientData, assertion.signature) {
		return dfnsReply{}, refuse(403, "The signature does not fit clientData and the key of %q.", assertion.credential)
	}
	token := newDfnsToken()
	d.actions[token] = &dfnsUserAction{dfnsBinding: challenge.dfnsBinding, credential: assertion.credential}
	return dfnsReply{status: 200, body: map[string]string{"userAction": token}}, nil
}

// redeem spends the user action of a write and returns the id of the credential that
// signed it. A token is spent by the first request that carries it, a wrong one included.
// How long it lives Dfns does not say; here it does not expire.
func (d *Dfns) redeem(seen *Request) (string, *dfnsRefusal) {
	if !seen.Header.Has("X-DFNS-USERACTION") {
		return "", refuse(403, "X-DFNS-USERACTION is missing: %s %s needs a user action.", seen.Method, seen.Target)
	}
	token, refusal := single(seen, "X-DFNS-USERACTION", 403)
	if refusal != nil {
		return "", refusal
	}
	action := d.actions[token]
	switch {
	case action == nil:
		return "", refuse(403, "X-DFNS-USERACTION is not a user action that was given out.")
	case action.spent:
		return "", refuse(400, "The user action was used before.")
	}
	action.spent = true
	payload, err := userActionPayload(seen)
	if err != nil {
		return "", refuse(400, "The body: %v.", err)
	}
	path, _ := seen.splitTarget()
	switch {
	case action.method != seen.Method:
		return "", refuse(403, "The user action is for the method %s, and the request has %s.", action.method, seen.Method)
	case action.path != path && action.path != seen.Target:
		return "", refuse(403, "The user action is for the path %q, and the request has %q.", action.path, path)
	case action.payload != payload:
		return "", refuse(403, "The user action is for another payload: %d bytes of it, and %d in the request.", len(action.payload), len(payload))
	}
	return action.credential, nil
}
