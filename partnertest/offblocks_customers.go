package partnertest

import (
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"
)

// An offBlocksCustomer is a customer (docs.offblocks.xyz, "Customers").
type offBlocksCustomer struct {
	ID         string `json:"id"`
	ExternalID string `json:"externalId"`
	ChainID    string `json:"chainId"`
	Status     string `json:"status"`
	CreatedAt  string `json:"createdAt"`
	UpdatedAt  string `json:"updatedAt"`
	Challenge  string `json:"challenge,omitempty"` // in the answer to its making only

	challenge string
}

// read answers a call that changes nothing.
func (o *OffBlocks) read(seen *Request) (reply, *denial) {
	path, _ := seen.splitTarget()
	o.mu.Lock()
	defer o.mu.Unlock()
	if ids, ok := matchPath("GET "+offBlocksBase+"/customers/*", seen.Method+" "+path); ok {
		customer, why := o.customer(ids[0])
		return replyWith(200, customer), why
	}
	if ids, ok := matchPath("GET "+offBlocksBase+"/customers/*/challenge", seen.Method+" "+path); ok {
		customer, why := o.customer(ids[0])
		if why != nil {
			return reply{}, why
		}
		return replyWith(200, map[string]string{"challenge": customer.challenge}), nil
	}
	return reply{}, deny(404, "not_found", "There is no %s %s.", seen.Method, path)
}

// carryOut does what a write asks for, and returns the id of its customer.
func (o *OffBlocks) carryOut(seen *Request) (answer reply, id string, why *denial) {
	path, _ := seen.splitTarget()
	call := seen.Method + " " + path
	if call == "POST "+offBlocksBase+"/customers" {
		return o.makeCustomer(seen)
	}
	for route, serve := range map[string]func(*Request, *offBlocksCustomer) (reply, *denial){
		"PATCH " + offBlocksBase + "/customers/*":               o.changeCustomer,
		"DELETE " + offBlocksBase + "/customers/*":              o.deleteCustomer,
		"POST " + offBlocksBase + "/customers/*/challenge/sign": o.signChallenge,
	} {
		ids, ok := matchPath(route, call)
		if !ok {
			continue
		}
		customer, why := o.customer(ids[0])
		if why != nil {
			return reply{}, "", why
		}
		answer, why = serve(seen, customer)
		return answer, ids[0], why
	}
	return reply{}, "", deny(404, "not_found", "There is no %s %s.", seen.Method, path)
}

func (o *OffBlocks) customer(id string) (*offBlocksCustomer, *denial) {
	customer, ok := o.customers[id]
	if !ok {
		return nil, deny(404, "not_found", "Customer %q not found.", id)
	}
	return customer, nil
}

// makeCustomer answers POST /v1/customers. A customer that is there already is made once
// more, where OffBlocks answers 409: a test must see that a write was carried out twice.
func (o *OffBlocks) makeCustomer(seen *Request) (reply, string, *denial) {
	body := readObject(seen.Body)
	now := o.verifier.now().UTC().Format(isoTime)
	customer := &offBlocksCustomer{
		ID: uuid.NewString(), ExternalID: body.optional("externalId"), ChainID: body.optional("chainId"),
		Status: "initiating", CreatedAt: now, UpdatedAt: now,
	}
	if body.err != nil {
		return reply{}, "", deny(400, "bad_request", "The body: %v.", body.err)
	}
	text := fmt.Sprintf("offblocks.test wants you to sign in with %s. Nonce: %s", customer.ChainID, uuid.NewString())
	customer.challenge = base64.StdEncoding.EncodeToString([]byte(text))
	o.customers[customer.ID] = customer
	o.madeCustomer++
	answered := *customer
	answered.Challenge = customer.challenge
	return replyWith(201, answered), customer.ID, nil
}

func (o *OffBlocks) changeCustomer(seen *Request, customer *offBlocksCustomer) (reply, *denial) {
	body := readObject(seen.Body)
	name := body.optional("externalId")
	if body.err != nil {
		return reply{}, deny(400, "bad_request", "The body: %v.", body.err)
	}
	if body.has("externalId") {
		customer.ExternalID = name
	}
	customer.UpdatedAt = o.verifier.now().UTC().Format(isoTime)
	return replyWith(200, customer), nil
}

func (o *OffBlocks) deleteCustomer(_ *Request, customer *offBlocksCustomer) (reply, *denial) {
	delete(o.customers, customer.ID)
	return reply{status: 204}, nil
}

// signChallenge answers POST /v1/customers/{id}/challenge/sign, with no content. What the
// end user's wallet signed is not verified.
func (o *OffBlocks) signChallenge(seen *Request, customer *offBlocksCustomer) (reply, *denial) {
	body := readObject(seen.Body)
	body.text("signature")
	if body.err != nil {
		return reply{}, deny(400, "bad_request", "The body: %v.", body.err)
	}
	customer.Status = "active"
	return reply{status: 204}, nil
}
