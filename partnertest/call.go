package partnertest

import (
	"mime"
	"slices"
	"strings"
)

// checkForm checks what every call of OffBlocks, Dynamic and Proof must be like.
func checkForm(seen *Request, verdict Verdict) *denial {
	switch {
	case seen.Err != "":
		return deny(400, "bad_request", "The request is not whole: %s.", seen.Err)
	case !verdict.OK:
		return deny(401, "unauthorized", "%s", strings.Join(verdict.Problems, " "))
	case !strings.HasPrefix(seen.Target, "/"):
		return deny(400, "bad_request", "The request target %q is not a path.", seen.Target)
	case len(seen.Body) == 0:
		return nil
	case seen.Method == "GET":
		return deny(400, "bad_request", "GET has a body.")
	}
	values := seen.Header.Values("Content-Type")
	if len(values) != 1 {
		return deny(415, "unsupported_media_type", "There are %d Content-Type fields, where one was expected.", len(values))
	}
	if kind, _, err := mime.ParseMediaType(values[0]); err != nil || kind != "application/json" {
		return deny(415, "unsupported_media_type", "Content-Type is %q, where application/json was expected.", values[0])
	}
	return nil
}

// bearerOf is the token of the one Authorization that a call must have.
func bearerOf(seen *Request) (string, *denial) {
	values := seen.Header.Values("Authorization")
	if len(values) != 1 {
		return "", deny(401, "unauthorized", "There are %d Authorization fields, where one was expected.", len(values))
	}
	token, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok {
		return "", deny(401, "unauthorized", `Authorization does not begin with "Bearer ".`)
	}
	return token, nil
}

// checkBearer: the bearer is one of the tokens.
func checkBearer(seen *Request, tokens ...string) *denial {
	token, why := bearerOf(seen)
	if why == nil && !slices.Contains(tokens, token) {
		return deny(401, "unauthorized", "The bearer is not one that is valid here.")
	}
	return why
}

// matchPath compares a path with a pattern, segment by segment, and returns what stands
// at the pattern's asterisks.
func matchPath(pattern, path string) (ids []string, ok bool) {
	want, segments := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(segments) {
		return nil, false
	}
	for i, segment := range segments {
		switch {
		case want[i] == "*" && segment != "":
			ids = append(ids, segment)
		case want[i] != segment:
			return nil, false
		}
	}
	return ids, true
}
