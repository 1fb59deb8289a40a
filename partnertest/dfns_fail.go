package partnertest

import (
	"io"
	"net/http"
	"time"
)

// A DfnsStage is what a call is for.
type DfnsStage string

const (
	DfnsInitCall   DfnsStage = "init"   // POST /auth/action/init, which asks for a challenge
	DfnsActionCall DfnsStage = "action" // POST /auth/action, which buys a user action with it
	DfnsWriteCall  DfnsStage = "write"  // any other POST, PUT, PATCH and DELETE
	DfnsReadCall   DfnsStage = "read"   // the rest
)

// The two calls of user action signing.
const (
	dfnsInitPath   = "/auth/action/init"
	dfnsActionPath = "/auth/action"
)

func stageOf(seen *Request) DfnsStage {
	switch path, _ := seen.splitTarget(); seen.Method {
	case "POST":
		switch path {
		case dfnsInitPath:
			return DfnsInitCall
		case dfnsActionPath:
			return DfnsActionCall
		}
		return DfnsWriteCall
	case "PUT", "PATCH", "DELETE":
		return DfnsWriteCall
	}
	return DfnsReadCall
}

// A DfnsFailure is how a call fails. The zero value is no failure.
type DfnsFailure struct {
	// After lets the call be judged and carried out first: challenges and user actions
	// are spent, entities are there, and the client does not learn it. Default: nothing
	// of the call is looked at but its nonce.
	After bool

	// Delay is waited before everything below. With it alone the call is slow and
	// otherwise as always.
	Delay time.Duration

	// End ends the connection instead of answering.
	End Ending

	// Status is answered with Dfns' error body. Default: the call's own answer, or 200
	// when there is a Body.
	Status int

	// RetryAfter is sent as Retry-After with Status: seconds, or an HTTP date
	// (RFC 9110, section 10.2.3). Default: no such header.
	RetryAfter string

	// Body is answered as it is, for an answer that is no JSON. Default: Dfns' error
	// body.
	Body string
}

// failure asks DfnsOptions.Fail.
func (d *Dfns) failure(seen *Request) DfnsFailure {
	stage := stageOf(seen)
	d.mu.Lock()
	d.calls[stage]++
	n := d.calls[stage]
	d.mu.Unlock()
	if d.opts.Fail == nil {
		return DfnsFailure{}
	}
	return d.opts.Fail(stage, n, seen)
}

// strike lets a call fail, and says whether it is answered. When the connection ends,
// it does not return.
func (f DfnsFailure) strike(w http.ResponseWriter, r *http.Request) bool {
	Failure{Delay: f.Delay, End: f.End}.strike(r)
	if f.Status == 0 && f.Body == "" {
		return false
	}
	if f.Status == 0 {
		f.Status = http.StatusOK
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Body != "" {
		w.WriteHeader(f.Status)
		io.WriteString(w, f.Body)
		return true
	}
	dfnsReply{status: f.Status, body: dfnsError(f.Status, http.StatusText(f.Status), nil)}.send(w)
	return true
}
