package verify

import (
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/partnersign/partnersign/signer"
)

var forwardedHost = regexp.MustCompile(`(?i)host="?([^";,]+)`)

// authorityChanges are other spellings of Host, the other scheme, and what
// proxies say that Host was.
func (t *trial) authorityChanges() (all []change) {
	v, r := t.v, t.v.r
	other := map[string]string{"https": "http", "http": "https"}[r.Scheme]
	all = append(all, change{cause: "scheme", says: "valid if the scheme were " + other + ": TLS ended on the way, or --url must say how the request was sent",
		apply: func(r *signer.Request) { r.Scheme, r.Authority = other, authority(other, v.m.Authority) }})
	add := func(cause, host, says string) {
		if host != "" && host != r.Authority {
			all = append(all, change{cause: cause, says: "valid if Host were " + host + ": " + says, apply: func(r *signer.Request) { r.Authority = host }})
		}
	}
	const port = "the signer and what sends do not agree on the port (RFC 9421 section 2.2.3 leaves the default port out)"
	add("authority-port", v.m.Authority, port)
	host, _, err := net.SplitHostPort(r.Authority)
	if err != nil {
		host = r.Authority
	}
	for _, suffix := range []string{"", ":443", ":80", ":8080", ":8443"} {
		add("authority-port", host+suffix, port)
	}
	const replaced = "something on the way has replaced it, and says so in a header"
	for _, name := range []string{"X-Forwarded-Host", "X-Original-Host"} {
		for _, value := range r.Header[name] {
			add("authority-replaced", strings.ToLower(strings.TrimSpace(value)), replaced)
		}
	}
	for _, value := range r.Header["Forwarded"] {
		if found := forwardedHost.FindStringSubmatch(value); found != nil {
			add("authority-replaced", strings.ToLower(found[1]), replaced)
		}
	}
	return all
}

func (t *trial) methodChanges() (all []change) {
	r := t.v.r
	for _, method := range append([]string{strings.ToUpper(r.Method), strings.ToLower(r.Method), r.Header.Get("X-Http-Method-Override")},
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete) {
		if method != "" && method != r.Method {
			all = append(all, change{cause: "method", says: "valid if the method were " + method + ": something on the way has changed it",
				apply: func(r *signer.Request) { r.Method = method }})
		}
	}
	return all
}
