package partnertest

import (
	"net/http"
	"strings"
	"time"
)

// A Failure is how a call of [OffBlocks], [Dynamic] or [Proof] fails. The zero value is
// no failure.
type Failure struct {
	// After lets the call be judged and carried out first, and the client does not learn
	// it. Default: what is answered instead is answered without a look at the call.
	After bool

	// Delay is waited before everything below. With it alone the call is slow and
	// otherwise as always.
	Delay time.Duration

	// End ends the connection instead of answering.
	End Ending

	// Status is answered with the partner's own error body. Default: the call's own
	// answer, or 200 when there is a Body.
	Status int

	// Code is that of the error body: upstream_error. Default: made of the Status.
	Code string

	// RetryAfter is sent as Retry-After: seconds, or an HTTP date (RFC 9110, section
	// 10.2.3). Default: no such header.
	RetryAfter string

	// Body is answered as it is, for an answer that is no JSON. Default: the error body.
	Body string

	// Gzip compresses the answer, whether asked to or not. Default: never compressed.
	Gzip bool

	// Chunked sends the answer in pieces and without Content-Length.
	Chunked bool

	// Padding is how many bytes longer an answer becomes that is a JSON object: by a
	// first member called padding.
	Padding int
}

// replaces says whether something is answered in place of the call's own answer.
func (f Failure) replaces() bool { return f.Status != 0 || f.Body != "" }

// status is what is answered in place of the call's own status.
func (f Failure) status() int {
	if f.Status == 0 {
		return http.StatusOK
	}
	return f.Status
}

// code is Failure.Code with its default: 503 is service_unavailable.
func (f Failure) code() string {
	if f.Code != "" {
		return f.Code
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(f.status())), " ", "_")
}

// strike waits and ends the connection, as the failure says. When the connection ends,
// it does not return.
func (f Failure) strike(r *http.Request) {
	if f.Delay > 0 {
		wait := time.NewTimer(f.Delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
		}
	}
	if f.End != GoOn {
		conn, _ := connOf(r)
		hangUp(conn, f.End)
	}
}
