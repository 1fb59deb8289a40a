package partnertest

import (
	"errors"
	"fmt"
)

// A dfnsAssertion is a challenge's answer.
type dfnsAssertion struct {
	credential            string
	clientData, signature []byte
}

// readAssertion reads the body of POST /auth/action, with the one kind of credential that
// a service has, Key (docs.dfns.co/api-reference/auth/create-user-action-signature).
func readAssertion(text []byte) (identifier string, assertion dfnsAssertion, err error) {
	body := readObject(text)
	body.only("challengeIdentifier", "firstFactor")
	identifier = body.text("challengeIdentifier")
	factor := body.object("firstFactor")
	factor.only("kind", "credentialAssertion")
	if kind := factor.text("kind"); factor.err == nil && kind != "Key" {
		return "", assertion, fmt.Errorf("firstFactor is of the kind %q, where Key was expected", kind)
	}
	inner := factor.object("credentialAssertion")
	inner.only("credId", "clientData", "signature", "algorithm")
	assertion.credential = inner.text("credId")
	clientData, signature := inner.text("clientData"), inner.text("signature")
	inner.optional("algorithm")
	if inner.err != nil {
		return "", assertion, inner.err
	}
	if assertion.clientData, err = decodeBase64URL(clientData); err != nil {
		return "", assertion, fmt.Errorf("clientData: %w", err)
	}
	if assertion.signature, err = decodeBase64URL(signature); err != nil {
		return "", assertion, fmt.Errorf("signature: %w", err)
	}
	return identifier, assertion, nil
}

// checkClientData checks what is signed: {"challenge":"…","type":"key.get"}, in this order
// and without spaces (docs.dfns.co/api-reference/auth/credentials-data). Dfns' SDKs do not
// keep to it, and lenient is for them.
func checkClientData(text []byte, challenge string, lenient bool) error {
	body := readObject(text)
	body.only("challenge", "type", "origin", "crossOrigin")
	given, kind := body.text("challenge"), body.text("type")
	switch {
	case body.err != nil:
		return body.err
	case given != challenge:
		return errors.New("its challenge is another one")
	case kind != "key.get":
		return fmt.Errorf("its type is %q, where key.get was expected", kind)
	}
	if want := fmt.Sprintf(`{"challenge":%q,"type":"key.get"}`, challenge); !lenient && string(text) != want {
		return fmt.Errorf("it is %q, where %q was expected", text, want)
	}
	return nil
}
