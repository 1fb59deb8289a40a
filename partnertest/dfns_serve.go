package partnertest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// A dfnsReply is an answer, and what is recorded of it.
type dfnsReply struct {
	status int
	body   any
	id     string // of the entity created or changed
	replay bool   // nothing was carried out: the externalId is known
}

// answer is the partner's Answer.
func (d *Dfns) answer(w http.ResponseWriter, r *http.Request, seen *Request, verdict Verdict) bool {
	if d.opts.Answer != nil && d.opts.Answer(w, r, seen, verdict) {
		return true
	}
	// A nonce is spent by every call, by those too that fail before they are judged.
	nonce := d.checkNonce(seen)
	failure := d.failure(seen)
	if !failure.After && failure.strike(w, r) {
		return true
	}
	reply, refusal := d.carryOut(seen, verdict, nonce)
	if refusal != nil {
		reply = d.refused(seen, refusal)
	}
	if failure.After && failure.strike(w, r) {
		return true
	}
	reply.send(w)
	return true
}

// carryOut judges a call and does what it asks for.
func (d *Dfns) carryOut(seen *Request, verdict Verdict, nonce *dfnsRefusal) (dfnsReply, *dfnsRefusal) {
	if refusal := d.checkCall(seen, verdict); refusal != nil {
		return dfnsReply{}, refusal
	}
	if refusal := d.checkApp(seen, nonce); refusal != nil {
		return dfnsReply{}, refusal
	}
	serve := d.read
	switch stageOf(seen) {
	case DfnsInitCall:
		serve = d.challenge
	case DfnsActionCall:
		serve = d.completeAction
	case DfnsWriteCall:
		serve = d.write
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	reply, refusal := serve(seen)
	if refusal != nil {
		return dfnsReply{}, refusal
	}
	reply.body, _ = marshal(reply.body) // now, since other calls change entities
	return reply, nil
}

func (d *Dfns) read(seen *Request) (dfnsReply, *dfnsRefusal) { return d.world.serve(seen) }

// write carries out a call that changes something, and records it.
func (d *Dfns) write(seen *Request) (dfnsReply, *dfnsRefusal) {
	var credential string
	if path, _ := seen.splitTarget(); needsUserAction(seen.Method, path) {
		var refusal *dfnsRefusal
		if credential, refusal = d.redeem(seen); refusal != nil {
			return dfnsReply{}, refusal
		}
	}
	reply, refusal := d.world.serve(seen)
	if refusal == nil && !reply.replay {
		d.writes = append(d.writes, DfnsWrite{seen, reply.status, reply.id, credential})
	}
	return reply, refusal
}

// marshal encodes as JSON.stringify does, which leaves <, > and & alone.
func marshal(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(text.Bytes()), err
}

func (reply dfnsReply) send(w http.ResponseWriter) {
	text, _ := marshal(reply.body) // made by this package, it has a JSON
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(reply.status)
	w.Write(text)
}

// dfnsError is the body of an error (docs.dfns.co/api-reference/error-codes).
func dfnsError(status int, message string, details any) any {
	return map[string]any{"error": struct {
		ID      string `json:"id"`
		Status  int    `json:"status"`
		Message string `json:"message"`
		Details any    `json:"details,omitempty"`
	}{strconv.FormatUint(rand.Uint64(), 10), status, message, details}}
}
