package partnertest

import (
	"bytes"
	"encoding/json"
)

// A dfnsKind is what a wallet or key is asked to do.
type dfnsKind struct {
	noun, prefix string
	done         string   // the status once it is carried out
	needs        []string // the members that its body must have
}

var (
	dfnsTransfer    = dfnsKind{"transfer", "xfr", "Broadcasted", []string{"kind", "to"}}
	dfnsTransaction = dfnsKind{"transaction", "tx", "Broadcasted", []string{"kind"}}
	dfnsSignature   = dfnsKind{"signature", "sig", "Signed", []string{"kind"}}
)

// A dfnsRequest is a transfer, transaction or signature that was asked for
// (docs.dfns.co/api-reference/wallets).
type dfnsRequest struct {
	ID            string            `json:"id"`
	WalletID      string            `json:"walletId,omitempty"`
	KeyID         string            `json:"keyId,omitempty"` // of signatures
	Network       string            `json:"network,omitempty"`
	Requester     map[string]string `json:"requester"`
	RequestBody   json.RawMessage   `json:"requestBody"`
	Metadata      any               `json:"metadata,omitempty"` // of transfers
	Status        string            `json:"status"`
	TxHash        string            `json:"txHash,omitempty"`
	Signature     map[string]string `json:"signature,omitempty"`
	DateRequested string            `json:"dateRequested"`
	DateResolved  string            `json:"datePolicyResolved,omitempty"`
	ApprovalID    string            `json:"approvalId,omitempty"`
	ExternalID    string            `json:"externalId,omitempty"`

	kind   dfnsKind
	key    string // that signs
	target string // of the call that created it
}

// A dfnsOwner is the wallet or key of a call, and the kind of request that the call is
// about.
type dfnsOwner struct {
	wallet *dfnsWallet // nil when a key is asked itself
	keyID  string
	kind   dfnsKind
}

type ownedCall func(*dfnsWorld, dfnsCall, dfnsOwner) (dfnsReply, *dfnsRefusal)

// ofWallet finds the wallet of a call.
func ofWallet(kind dfnsKind, serve ownedCall) func(*dfnsWorld, dfnsCall) (dfnsReply, *dfnsRefusal) {
	return func(w *dfnsWorld, call dfnsCall) (dfnsReply, *dfnsRefusal) {
		wallet, refusal := w.wallets.find("wallet", call.ids[0])
		if refusal != nil {
			return dfnsReply{}, refusal
		}
		return serve(w, call, dfnsOwner{wallet, wallet.SigningKey.ID, kind})
	}
}

// ofKey finds the key of a call.
func ofKey(serve ownedCall) func(*dfnsWorld, dfnsCall) (dfnsReply, *dfnsRefusal) {
	return func(w *dfnsWorld, call dfnsCall) (dfnsReply, *dfnsRefusal) {
		key, refusal := w.keys.find("key", call.ids[0])
		if refusal != nil {
			return dfnsReply{}, refusal
		}
		return serve(w, call, dfnsOwner{nil, key.ID, dfnsSignature})
	}
}

// has says whether a request is of this owner.
func (o dfnsOwner) has(r *dfnsRequest) bool {
	return r.kind.noun == o.kind.noun && r.key == o.keyID && (o.wallet == nil || r.WalletID == o.wallet.ID)
}

func listRequests(w *dfnsWorld, _ dfnsCall, owner dfnsOwner) (dfnsReply, *dfnsRefusal) {
	page := map[string]any{"keyId": owner.keyID, "items": w.requests.all(owner.has)}
	if owner.wallet != nil {
		page = map[string]any{"walletId": owner.wallet.ID, "items": page["items"]}
	}
	return dfnsReply{status: 200, body: page}, nil
}

func getRequest(w *dfnsWorld, call dfnsCall, owner dfnsOwner) (dfnsReply, *dfnsRefusal) {
	request, refusal := w.requests.find(owner.kind.noun, call.ids[1])
	if refusal == nil && !owner.has(request) {
		refusal = refuse(404, "%s %q not found.", owner.kind.noun, call.ids[1])
	}
	return dfnsReply{status: 200, body: request}, refusal
}

// createRequest creates a request, or finds the one that has its externalId. A policy may
// have it wait for an approval: then the answer is 202.
func createRequest(w *dfnsWorld, call dfnsCall, owner dfnsOwner) (dfnsReply, *dfnsRefusal) {
	body := readObject(call.seen.Body)
	for _, name := range owner.kind.needs {
		body.text(name)
	}
	request := &dfnsRequest{
		ID:            newDfnsID(owner.kind.prefix),
		Requester:     map[string]string{"userId": w.user},
		RequestBody:   call.seen.Body,
		DateRequested: w.date(),
		ExternalID:    body.optional("externalId"),
		kind:          owner.kind,
		key:           owner.keyID,
		target:        call.seen.Target,
	}
	if refusal := body.refusal(); refusal != nil {
		return dfnsReply{}, refusal
	}
	if known := w.sameExternalID(request); known != nil {
		return again(known, request)
	}
	if owner.wallet != nil {
		request.WalletID, request.Network = owner.wallet.ID, owner.wallet.Network
	}
	switch owner.kind.noun {
	case "transfer":
		request.Metadata = map[string]any{"asset": struct{}{}}
	case "signature":
		request.KeyID = owner.keyID
	}
	w.requests.put(request.ID, request)
	if owner.wallet != nil && w.awaitApproval(request) {
		return dfnsReply{status: 202, body: request, id: request.ID}, nil
	}
	request.carryOut()
	return dfnsReply{status: 200, body: request, id: request.ID}, nil
}

func (w *dfnsWorld) sameExternalID(request *dfnsRequest) *dfnsRequest {
	for _, known := range w.requests.all(nil) {
		if request.ExternalID != "" && known.ExternalID == request.ExternalID && known.kind.noun == request.kind.noun {
			return known
		}
	}
	return nil
}

// again answers a request whose externalId is known: with the request that has it when
// URL and body are the same, else with 409 (docs.dfns.co/api-reference/idempotency).
func again(known, request *dfnsRequest) (dfnsReply, *dfnsRefusal) {
	if known.target == request.target && bytes.Equal(known.RequestBody, request.RequestBody) {
		return dfnsReply{status: 200, body: known, id: known.ID, replay: true}, nil
	}
	refusal := refuse(409, "Conflicting %s with same externalId", request.kind.noun)
	refusal.details = map[string]any{"duplicate": map[string]string{"id": known.ID, "externalId": known.ExternalID}}
	return dfnsReply{}, refusal
}

// carryOut does what was asked for, or pretends to.
func (r *dfnsRequest) carryOut() {
	r.Status = r.kind.done
	if r.kind.noun == "signature" {
		r.Signature = map[string]string{"r": "0x" + randomHex(32), "s": "0x" + randomHex(32)}
		return
	}
	r.TxHash = "0x" + randomHex(32)
}
