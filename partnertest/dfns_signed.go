package partnertest

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"unicode/utf8"
)

// dfnsUnsigned are the writes that need no user action: in docs.dfns.co/api-reference, those
// without X-DFNS-USERACTION among their headers. /networks/read-contract is not there any
// more; the SDK for TypeScript still calls it. A * is one segment of the path.
var dfnsUnsigned = []string{
	"POST /auth/action",
	"POST /auth/action/init",
	"POST /auth/credentials/code/init",
	"POST /auth/credentials/code/verify",
	"POST /auth/credentials/init",
	"POST /auth/login",
	"POST /auth/login/code",
	"POST /auth/login/init",
	"POST /auth/login/social",
	"POST /auth/login/sso",
	"POST /auth/login/sso/init",
	"POST /auth/recover/user",
	"POST /auth/recover/user/code",
	"POST /auth/recover/user/init",
	"POST /auth/registration",
	"POST /auth/registration/enduser",
	"POST /auth/registration/init",
	"POST /auth/registration/social",
	"POST /auth/tokens",
	"POST /networks/*/call-function",
	"POST /networks/read-contract",
	"POST /payins/quote",
	"POST /payouts/quote",
	"POST /swaps/quotes",
	"POST /wallets/*/canton/ledger-api",
	"PUT /auth/logout",
	"PUT /auth/registration/code",
}

// needsUserAction says whether a write needs a user action. The path is as sent, without
// the query.
func needsUserAction(method, path string) bool {
	return !slices.ContainsFunc(dfnsUnsigned, func(call string) bool {
		_, ok := matchPath(call, method+" "+path)
		return ok
	})
}

// userActionPayload is the text of a request that its user action is for: the body, or
// the part called data where files are uploaded.
func userActionPayload(seen *Request) (string, error) {
	text := seen.Body
	kind, params, _ := mime.ParseMediaType(seen.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		var err error
		if text, err = dataPart(text, params["boundary"]); err != nil {
			return "", err
		}
	}
	if !utf8.Valid(text) {
		return "", errors.New("it is not UTF-8, as the text of a user action must be")
	}
	return string(text), nil
}

func dataPart(body []byte, boundary string) ([]byte, error) {
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextRawPart()
		switch {
		case err == io.EOF:
			return nil, errors.New("it has no part called data")
		case err != nil:
			return nil, err
		case part.FormName() == "data":
			return io.ReadAll(part)
		}
	}
}
