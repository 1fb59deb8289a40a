package partnertest

import (
	"net/http"
	"strings"
)

// answer is the partner's Answer.
func (d *Dynamic) answer(w http.ResponseWriter, r *http.Request, seen *Request, verdict Verdict) bool {
	if d.opts.Answer != nil && d.opts.Answer(w, r, seen, verdict) {
		return true
	}
	call := readDynamicCall(seen)
	failure := d.desk.failure(call.stage, seen)
	defer d.begin(call, failure)()
	d.desk.serve(w, r, seen, failure, func() (reply, *denial) {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, check := range []func(dynamicCall, Verdict) *denial{dynamicForm, d.checkBearer, dynamicSessionHeaders} {
			if why := check(call, verdict); why != nil {
				return reply{}, why
			}
		}
		return d.carryOut(call)
	})
	return true
}

// dynamicForm checks what every call must be like.
func dynamicForm(call dynamicCall, verdict Verdict) *denial {
	if why := checkForm(call.seen, verdict); why != nil {
		return why
	}
	if body := readObject(call.seen.Body); len(call.seen.Body) > 0 && body.err != nil {
		return deny(400, "bad_request", "The body: %v.", body.err)
	}
	return nil
}

// checkBearer: /server and /environments need an API token, and elsewhere there is none.
func (d *Dynamic) checkBearer(call dynamicCall, _ Verdict) *denial {
	if call.stage == DynamicServerCall {
		return checkBearer(call.seen, d.tokens...)
	}
	for _, value := range call.seen.Header.Values("Authorization") {
		token := strings.TrimPrefix(value, "Bearer ")
		if strings.Contains(value, dynamicPrefix) && token != d.opts.SDKBearer {
			return deny(403, "api_token_exposed", "An API token, %s…, came to %s, which is not for one.", dynamicPrefix, call.seen.Target)
		}
	}
	if call.stage == DynamicMintCall && d.opts.SDKBearer != "" {
		return checkBearer(call.seen, d.opts.SDKBearer)
	}
	return nil
}

// dynamicSessionHeaders: a session token is on the calls that need it and nowhere else.
func dynamicSessionHeaders(call dynamicCall, _ Verdict) *denial {
	for kind, name := range dynamicHeaders {
		wanted := kind == call.kind && call.id != "" && (call.stage == DynamicMintCall || call.stage == DynamicStepCall)
		if !wanted && call.seen.Header.Has(name) {
			return deny(400, "session_token_exposed", "%s is on %s %s, which has none.", name, call.seen.Method, call.seen.Target)
		}
	}
	return nil
}

// dynamicError is the body of an error.
func dynamicError(why denial) any {
	return struct {
		Error string `json:"error"`
		Code  string `json:"code"`
	}{why.reason, why.code}
}
