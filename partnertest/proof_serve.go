package partnertest

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"
)

func proofStage(seen *Request) ProofStage {
	path, _ := seen.splitTarget()
	_, transaction := matchPath("GET /widget/transactions/*", seen.Method+" "+path)
	switch {
	case seen.Method == "POST" && path == "/widget/session":
		return ProofSessionCall
	case transaction:
		return ProofTransactionCall
	case seen.Method == "GET" && path == "/ws":
		return ProofSocketCall
	}
	return ProofOtherCall
}

// answer is the partner's Answer.
func (p *Proof) answer(w http.ResponseWriter, r *http.Request, seen *Request, verdict Verdict) bool {
	if p.opts.Answer != nil && p.opts.Answer(w, r, seen, verdict) {
		return true
	}
	w.Header().Set("X-Request-Id", uuid.NewString())
	stage := proofStage(seen)
	p.desk.serve(w, r, seen, p.desk.failure(stage, seen), func() (reply, *denial) {
		if why := p.authorise(seen, verdict); why != nil {
			return reply{}, why
		}
		switch stage {
		case ProofSessionCall:
			return p.session(seen)
		case ProofTransactionCall:
			return p.transaction(seen)
		case ProofSocketCall:
			return p.socket(r, seen)
		}
		return reply{}, deny(404, "not_found", "There is no %s %s.", seen.Method, seen.Target)
	})
	return true
}

func (p *Proof) authorise(seen *Request, verdict Verdict) *denial {
	if why := checkForm(seen, verdict); why != nil {
		return why
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return checkBearer(seen, p.tokens...)
}

// transaction answers GET /widget/transactions/{merchant_transaction_id}.
func (p *Proof) transaction(seen *Request) (reply, *denial) {
	path, _ := seen.splitTarget()
	ids, _ := matchPath("/widget/transactions/*", path)
	id, _ := url.PathUnescape(ids[0]) // net/http refuses what cannot be
	if why := p.knows(id); why != nil {
		return reply{}, why
	}
	return replyWith(200, map[string]string{"merchant_transaction_id": id, "status": "pending"}), nil
}

// knows: a transaction is there once a session was made for it.
func (p *Proof) knows(id string) *denial {
	made := slices.ContainsFunc(p.Sessions(), func(s ProofSession) bool { return s.TransactionID == id })
	if !made {
		return deny(404, "not_found", "There is no transaction %q.", id)
	}
	return nil
}

// proofError is the body of an error.
func proofError(why denial) any {
	return struct {
		Error   string `json:"error"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{http.StatusText(why.status), why.code, why.reason}
}
