package verify

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

// changes are those that may have happened to what the signature covers, the
// likely ones first.
func (t *trial) changes() (all []change) {
	all = append(all, pathChanges(t.v.r)...)
	all = append(all, queryChanges(t.v.r)...)
	all = append(all, t.authorityChanges()...)
	all = append(all, t.methodChanges()...)
	all = append(all, t.fieldChanges()...)
	return append(all, baseChanges(t.v.r)...)
}

// pathChanges undo what proxies and frameworks do to paths.
func pathChanges(r *signer.Request) (all []change) {
	add := func(cause, path, says string) {
		if path != r.Path && path != "" {
			all = append(all, change{cause: cause, says: "valid if the path were " + path + ": " + says, apply: func(r *signer.Request) { r.Path = path }})
		}
	}
	const decoded, encoded = "something on the way has decoded it", "something on the way has encoded it"
	if path, err := url.PathUnescape(r.Path); err == nil {
		add("path-encoded", path, encoded)
	}
	strict := percentEncode(r.Path, "/")
	add("path-decoded", strict, decoded)
	add("path-decoded", withHex(strict, strings.ToLower), decoded)
	for _, c := range ":@,+'()!*$&=; " {
		add("path-decoded", strings.ReplaceAll(r.Path, string(c), percentEncode(string(c), "")), decoded)
	}
	for i := 1; i < len(r.Path) && len(all) < maxTried; i++ {
		if r.Path[i] == '/' {
			add("path-decoded", r.Path[:i]+"%2F"+r.Path[i+1:], decoded)
			add("path-decoded", r.Path[:i]+"%2f"+r.Path[i+1:], decoded)
		}
	}
	add("path-case", withHex(r.Path, strings.ToUpper), "something on the way writes percent-encodings in lower case")
	add("path-case", withHex(r.Path, strings.ToLower), "something on the way writes percent-encodings in upper case")
	if path, ok := strings.CutSuffix(r.Path, "/"); ok {
		add("path-slash", path, "something on the way has added the slash at its end")
	} else {
		add("path-slash", r.Path+"/", "something on the way has removed the slash at its end")
	}
	add("path-slash", strings.ReplaceAll(r.Path, "//", "/"), "something on the way has doubled a slash")
	for i := 0; i < len(r.Path) && len(all) < maxTried; i++ {
		if r.Path[i] == '/' {
			add("path-slash", r.Path[:i]+"/"+r.Path[i:], "something on the way has merged its slashes")
		}
	}
	return all
}

var hexDigits = regexp.MustCompile(`%[0-9a-fA-F]{2}`)

func withHex(s string, to func(string) string) string { return hexDigits.ReplaceAllStringFunc(s, to) }

// percentEncode encodes all but unreserved characters (RFC 3986 section 2.3),
// percent-encodings and what is kept.
func percentEncode(s, keep string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~%"+keep, c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// queryChanges undo what is done to queries.
func queryChanges(r *signer.Request) (all []change) {
	add := func(cause, query string, has bool, says string) {
		if query == r.Query && has == r.HasQuery {
			return
		}
		shown := "valid if the query were ?" + query + ": "
		if !has {
			shown = "valid if there were no query: "
		}
		all = append(all, change{cause: cause, says: shown + says, apply: func(r *signer.Request) { r.Query, r.HasQuery = query, has }})
	}
	if r.Query == "" {
		add("query-removed", "", !r.HasQuery, "something on the way has added or removed the ? of an empty query")
		return all
	}
	const encoding = "something on the way has encoded it in another way"
	add("query-encoding", strings.ReplaceAll(r.Query, "+", "%20"), true, encoding)
	add("query-encoding", strings.ReplaceAll(r.Query, "%20", "+"), true, encoding)
	add("query-encoding", withHex(r.Query, strings.ToUpper), true, encoding)
	add("query-encoding", withHex(r.Query, strings.ToLower), true, encoding)
	add("query-encoding", percentEncode(r.Query, "&="), true, encoding)
	add("query-encoding", percentEncode(r.Query, "&=+"), true, encoding)
	if decoded, err := url.PathUnescape(r.Query); err == nil {
		add("query-encoding", decoded, true, encoding)
	}
	parts := strings.Split(r.Query, "&")
	permute(parts, func(order []string) {
		add("query-order", strings.Join(order, "&"), true, "something on the way has put its parameters into another order")
	})
	for i, part := range parts[:min(len(parts), maxTried)] {
		rest := strings.Join(append(append([]string{}, parts[:i]...), parts[i+1:]...), "&")
		add("query-added", rest, rest != "", "something on the way has added "+part)
	}
	add("query-added", "", false, "something on the way has added it")
	return all
}

// permute tells each order of up to five parts.
func permute(parts []string, tell func([]string)) {
	if len(parts) > 5 {
		return
	}
	var step func(done, left []string)
	step = func(done, left []string) {
		if len(left) == 0 {
			tell(done)
		}
		for i := range left {
			rest := append(append([]string{}, left[:i]...), left[i+1:]...)
			step(append(append([]string{}, done...), left[i]), rest)
		}
	}
	step(nil, parts)
}
