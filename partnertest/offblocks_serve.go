package partnertest

import (
	"net/http"
	"slices"
	"strings"
)

// offBlocksBase is where the API begins.
const offBlocksBase = "/v1"

func offBlocksStage(seen *Request) OffBlocksStage {
	path, _ := seen.splitTarget()
	switch {
	case seen.Method == "POST" && path == offBlocksBase+"/auth/token":
		return OffBlocksTokenCall
	case strings.HasPrefix(path, offBlocksBase+"/auth/"):
		return OffBlocksAuthCall
	case slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, seen.Method):
		return OffBlocksWriteCall
	}
	return OffBlocksReadCall
}

// answer is the partner's Answer.
func (o *OffBlocks) answer(w http.ResponseWriter, r *http.Request, seen *Request, verdict Verdict) bool {
	if o.opts.Answer != nil && o.opts.Answer(w, r, seen, verdict) {
		return true
	}
	stage := offBlocksStage(seen)
	// A signature is spent by every call, by those too that fail before they are judged.
	replayed := o.spend(seen)
	failure := o.desk.failure(stage, seen)
	var flight *offBlocksUsage
	defer func() { o.land(flight) }()
	o.desk.serve(w, r, seen, failure, func() (answer reply, why *denial) {
		if why := checkForm(seen, verdict); why != nil {
			return reply{}, why
		}
		switch stage {
		case OffBlocksTokenCall:
			return o.issue(seen)
		case OffBlocksAuthCall:
			return o.manage(seen)
		}
		verdict, why := o.authorise(seen, replayed)
		if why != nil {
			return reply{}, why
		}
		if stage == OffBlocksReadCall {
			return o.read(seen)
		}
		answer, flight, why = o.write(seen, verdict)
		return answer, why
	})
	return true
}

// offBlocksError is the body of an error, whose form is not published.
func offBlocksError(why denial) any {
	return struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{why.code, why.reason}
}
