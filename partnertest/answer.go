package partnertest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// echo is the body of the partner's answer.
type echo struct {
	Verified bool          `json:"verified"`
	Verdict  Verdict       `json:"verdict"`
	Request  echoedRequest `json:"request"`
}

type echoedRequest struct {
	Method   string `json:"method"`
	Target   string `json:"target"`
	Protocol string `json:"protocol"`
	Headers  Fields `json:"headers"`
	Body     string `json:"body"`
}

// answer answers with the verdict.
func answer(w http.ResponseWriter, seen *Request) {
	headers := slices.Clone(seen.Header)
	for i, field := range headers {
		if isCredential(field[0]) {
			headers[i][1] = mask(field[1])
		}
	}
	verdict := seen.Verdict
	verdict.Signatures = slices.Clone(verdict.Signatures)
	for i := range verdict.Signatures {
		verdict.Signatures[i].Base = MaskBase(verdict.Signatures[i].Base)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(verdict.Status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	encoder.Encode(echo{verdict.OK, verdict, echoedRequest{
		seen.Method, seen.Target, seen.Protocol, headers, string(seen.Body),
	}})
}

// MaskBase replaces the credentials in a signature base by ****, so that it can be
// shown: the values of authorization, proxy-authorization and the like.
func MaskBase(base string) string { return maskLines(base, "\n") }

// MaskHead does the same for a request's head, as [Request.Head] returns it.
func MaskHead(head string) string { return maskLines(head, "\r\n") }

func maskLines(text, separator string) string {
	lines := strings.Split(text, separator)
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		id, _, _ := strings.Cut(name, ";")
		if isCredential(strings.Trim(id, `"`)) {
			lines[i] = name + ": " + mask(trim(value))
		}
	}
	return strings.Join(lines, separator)
}

// credentials are header fields whose values are secret.
var credentials = []string{
	"Authorization", "Proxy-Authorization", "X-DFNS-APPSECRET", "X-DFNS-USERACTION",
	"X-Dynamic-Flow-Session-Token", "X-Dynamic-Checkout-Session-Token",
}

func isCredential(name string) bool {
	return slices.ContainsFunc(credentials, func(c string) bool { return strings.EqualFold(c, name) })
}

// mask keeps the scheme of a credential.
func mask(value string) string {
	if scheme, _, ok := strings.Cut(value, " "); ok {
		return scheme + " ****"
	}
	return "****"
}
