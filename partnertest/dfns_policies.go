package partnertest

import (
	"encoding/json"
	"fmt"
)

// A dfnsPolicy is a policy (docs.dfns.co/api-reference/policies). The world obeys those
// with the activity Wallets:Sign, the rule AlwaysTrigger and the action RequestApproval;
// others it only keeps.
type dfnsPolicy struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Status       string          `json:"status"`
	DateCreated  string          `json:"dateCreated"`
	DateUpdated  string          `json:"dateUpdated"`
	ActivityKind string          `json:"activityKind"`
	Rule         json.RawMessage `json:"rule"`
	Action       json.RawMessage `json:"action"`
	Filters      json.RawMessage `json:"filters,omitempty"`

	obeyed bool
}

// A dfnsApproval is what a request waits for
// (docs.dfns.co/api-reference/policy-approvals).
type dfnsApproval struct {
	ID           string              `json:"id"`
	InitiatorID  string              `json:"initiatorId"`
	Activity     map[string]any      `json:"activity"`
	Status       string              `json:"status"`
	DateCreated  string              `json:"dateCreated"`
	DateUpdated  string              `json:"dateUpdated"`
	DateResolved string              `json:"dateResolved,omitempty"`
	Evaluations  []dfnsEvaluation    `json:"policyEvaluations"`
	Decisions    []map[string]string `json:"decisions"`

	request *dfnsRequest
}

type dfnsEvaluation struct {
	PolicyID  string `json:"policyId"`
	Triggered bool   `json:"triggered"`
	Reason    string `json:"reason"`
}

func (w *dfnsWorld) listPolicies(dfnsCall) (dfnsReply, *dfnsRefusal)  { return getAll(&w.policies) }
func (w *dfnsWorld) listApprovals(dfnsCall) (dfnsReply, *dfnsRefusal) { return getAll(&w.approvals) }

func (w *dfnsWorld) getPolicy(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	return getOne(&w.policies, "policy", call.ids[0])
}

func (w *dfnsWorld) getApproval(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	return getOne(&w.approvals, "approval", call.ids[0])
}

// createPolicy answers POST /v2/policies.
func (w *dfnsWorld) createPolicy(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	body := readObject(call.seen.Body)
	policy := &dfnsPolicy{
		ID: newDfnsID("plc"), Name: body.text("name"), Status: "Active",
		DateCreated: w.date(), DateUpdated: w.date(), ActivityKind: body.text("activityKind"),
		Rule: body.raw("rule"), Action: body.raw("action"), Filters: body.values["filters"],
	}
	rule, action := body.object("rule"), body.object("action")
	policy.obeyed = policy.ActivityKind == "Wallets:Sign" && rule.text("kind") == "AlwaysTrigger" && action.text("kind") == "RequestApproval"
	for _, object := range []*jsonObject{body, rule, action} {
		if refusal := object.refusal(); refusal != nil {
			return dfnsReply{}, refusal
		}
	}
	w.policies.put(policy.ID, policy)
	return dfnsReply{status: 200, body: policy, id: policy.ID}, nil
}

// archivePolicy answers DELETE /v2/policies/{policyId}.
func (w *dfnsWorld) archivePolicy(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	policy, refusal := w.policies.find("policy", call.ids[0])
	if refusal != nil {
		return dfnsReply{}, refusal
	}
	policy.Status, policy.DateUpdated = "Archived", w.date()
	return dfnsReply{status: 200, body: policy, id: policy.ID}, nil
}

// awaitApproval has a wallet's request wait when a policy says so.
func (w *dfnsWorld) awaitApproval(request *dfnsRequest) bool {
	var evaluations []dfnsEvaluation
	for _, policy := range w.policies.all(func(p *dfnsPolicy) bool { return p.obeyed && p.Status == "Active" }) {
		evaluations = append(evaluations, dfnsEvaluation{policy.ID, true, "The rule always triggers."})
	}
	if len(evaluations) == 0 {
		return false
	}
	approval := &dfnsApproval{
		ID: newDfnsID("ap"), InitiatorID: w.user, Status: "Pending", DateCreated: w.date(), DateUpdated: w.date(),
		Activity:    map[string]any{"kind": "Wallets:Sign", request.kind.noun + "Request": request},
		Evaluations: evaluations, Decisions: []map[string]string{}, request: request,
	}
	w.approvals.put(approval.ID, approval)
	request.Status, request.ApprovalID = "Pending", approval.ID
	return true
}

// decide answers POST /v2/policy-approvals/{approvalId}/decisions. One decision is enough
// here, and the initiator may make it.
func (w *dfnsWorld) decide(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	approval, refusal := w.approvals.find("approval", call.ids[0])
	if refusal != nil {
		return dfnsReply{}, refusal
	}
	body := readObject(call.seen.Body)
	value, reason := body.text("value"), body.optional("reason")
	if body.err == nil && value != "Approved" && value != "Denied" {
		body.err = fmt.Errorf("value is %q, where Approved or Denied was expected", value)
	}
	if refusal := body.refusal(); refusal != nil {
		return dfnsReply{}, refusal
	}
	if approval.Status != "Pending" {
		return dfnsReply{}, refuse(400, "The approval is %s already.", approval.Status)
	}
	now := w.date()
	approval.Status, approval.DateUpdated, approval.DateResolved = value, now, now
	approval.Decisions = append(approval.Decisions, map[string]string{"userId": w.user, "date": now, "value": value, "reason": reason})
	approval.request.DateResolved = now
	if value == "Approved" {
		approval.request.carryOut()
	} else {
		approval.request.Status = "Rejected"
	}
	return dfnsReply{status: 200, body: approval, id: approval.ID}, nil
}
