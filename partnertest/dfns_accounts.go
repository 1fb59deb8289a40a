package partnertest

// A dfnsPermission is a permission
// (docs.dfns.co/api-reference/permissions/create-permission). The world keeps permissions
// and asks for none.
type dfnsPermission struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Operations  []string `json:"operations"`
	Status      string   `json:"status"`
	IsImmutable bool     `json:"isImmutable"`
	IsArchived  bool     `json:"isArchived"`
	DateCreated string   `json:"dateCreated"`
	DateUpdated string   `json:"dateUpdated"`
}

func (w *dfnsWorld) listPermissions(dfnsCall) (dfnsReply, *dfnsRefusal) {
	return getAll(&w.permissions)
}

// createPermission answers POST /permissions.
func (w *dfnsWorld) createPermission(call dfnsCall) (dfnsReply, *dfnsRefusal) {
	body := readObject(call.seen.Body)
	body.need("operations")
	permission := &dfnsPermission{
		ID: newDfnsID("pm"), Name: body.text("name"), Operations: body.texts("operations"),
		Status: "Active", DateCreated: w.date(), DateUpdated: w.date(),
	}
	if refusal := body.refusal(); refusal != nil {
		return dfnsReply{}, refusal
	}
	w.permissions.put(permission.ID, permission)
	return dfnsReply{status: 200, body: permission, id: permission.ID}, nil
}

// listServiceAccounts answers GET /auth/service-accounts
// (docs.dfns.co/api-reference/auth/list-service-accounts) with the one that asks.
func (w *dfnsWorld) listServiceAccounts(dfnsCall) (dfnsReply, *dfnsRefusal) {
	tokens := []any{}
	for _, credential := range w.credentials {
		tokens = append(tokens, map[string]any{
			"credId": credential, "isActive": true, "kind": "ServiceAccount", "linkedUserId": w.user,
			"name": "demo", "permissionAssignments": []any{},
		})
	}
	account := map[string]any{
		"userInfo": map[string]any{
			"userId": w.user, "username": "demo", "name": "demo", "kind": "CustomerEmployee",
			"isActive": true, "isRegistered": true, "isServiceAccount": true, "permissionAssignments": []any{},
		},
		"accessTokens": tokens,
	}
	return dfnsReply{status: 200, body: map[string]any{"items": []any{account}}}, nil
}
