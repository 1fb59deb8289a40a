package partnertest

import (
	"crypto/rand"
	"crypto/subtle"
	"time"
)

// alive is the session token of a flow that is valid now, or "".
func (f *dynamicFlow) alive(now time.Time) string {
	if !now.Before(f.ExpiresAt) {
		return ""
	}
	return f.token
}

// mint makes the session token of a flow, which ends the one before, and answers with it:
// this is the only time that it is told. Both prefixes occur, and clients check none.
func (d *Dynamic) mint(status int, flow *dynamicFlow, prefix string, answer map[string]any) reply {
	flow.token = prefix + rand.Text()
	flow.ExpiresAt = d.now().Add(d.opts.SessionLife)
	d.minted++
	answer["sessionToken"] = flow.token
	answer["sessionExpiresAt"] = flow.ExpiresAt.UTC().Format(isoTime)
	return replyWith(status, answer)
}

// checkSession: a step needs the session token that is alive. Attaching a source needs it
// too, when there is one.
func (d *Dynamic) checkSession(call dynamicCall, flow *dynamicFlow) *denial {
	name := dynamicHeaders[call.kind]
	sent, alive := call.seen.Header.Values(name), flow.alive(d.now())
	switch {
	case len(sent) == 0 && alive == "" && call.action == "mint":
		return nil
	case len(sent) != 1:
		return deny(401, "invalid_session_token", "There are %d %s fields, where one was expected.", len(sent), name)
	case alive == "":
		return deny(401, "invalid_session_token", "%s has a token, and none is alive of this %s.", name, call.kind)
	case subtle.ConstantTimeCompare([]byte(sent[0]), []byte(alive)) != 1:
		return deny(401, "invalid_session_token", "%s is not the token that is alive of this %s.", name, call.kind)
	}
	return nil
}
