package partnertest

import (
	"mime"
	"strings"
)

// checkCall checks what every call must be like, an Application's headers apart
// (docs.dfns.co/d/advanced-topics/authentication/request-headers and
// docs.dfns.co/api-reference/error-codes).
func (d *Dfns) checkCall(seen *Request, verdict Verdict) *dfnsRefusal {
	switch {
	case seen.Err != "":
		return refuse(400, "The request is not whole: %s.", seen.Err)
	case !verdict.OK:
		return refuse(401, "%s", strings.Join(verdict.Problems, " "))
	case !strings.HasPrefix(seen.Target, "/"):
		return refuse(400, "The request target %q is not a path.", seen.Target)
	case seen.Header.Get("User-Agent") == "":
		return refuse(400, "User-Agent is missing or empty.")
	case seen.Method == "PATCH":
		return refuse(404, "Dfns has no operation with the method PATCH.")
	}
	return checkContentType(seen)
}

// checkContentType: a body is JSON, or multipart/form-data where files are uploaded.
func checkContentType(seen *Request) *dfnsRefusal {
	if len(seen.Body) == 0 {
		return nil
	}
	value, refusal := single(seen, "Content-Type", 400)
	if refusal != nil {
		return refusal
	}
	kind, _, err := mime.ParseMediaType(value)
	if err != nil || kind != "application/json" && kind != "multipart/form-data" {
		return refuse(400, "Content-Type is %q, where application/json was expected.", value)
	}
	return nil
}

// checkApp checks what an Application's calls carry: the id, the secret, the nonce, of
// which the verdict is given, and the API signature.
func (d *Dfns) checkApp(seen *Request, nonce *dfnsRefusal) *dfnsRefusal {
	app := d.opts.App
	if app == nil {
		return nonce
	}
	id, refusal := single(seen, "X-DFNS-APPID", 401)
	switch {
	case refusal != nil:
		return refusal
	case id != app.ID:
		return refuse(401, "X-DFNS-APPID is %q, which is not the Application expected.", id)
	}
	if app.Secret != "" {
		secret, refusal := single(seen, "X-DFNS-APPSECRET", 401)
		switch {
		case refusal != nil:
			return refusal
		case secret != app.Secret:
			return refuse(401, "X-DFNS-APPSECRET is not the secret of the Application.")
		}
	}
	if nonce != nil || app.PublicKey == nil {
		return nonce
	}
	return checkAPISignature(seen, app.PublicKey)
}

// single is the value of a field that must be there once.
func single(seen *Request, name string, status int) (string, *dfnsRefusal) {
	values := seen.Header.Values(name)
	if len(values) != 1 {
		return "", refuse(status, "There are %d %s fields, where one was expected.", len(values), name)
	}
	return values[0], nil
}
