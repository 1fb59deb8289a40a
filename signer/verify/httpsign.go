package verify

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"

	"github.com/yaronf/httpsign"

	"github.com/partnersign/partnersign/signer/httpsig"
)

// secondOpinion is what httpsign says to the signature itself; times are ours
// to judge. What it is known to derive otherwise than the RFC, it is not asked.
func (v *verification) secondOpinion(in member, input *httpsig.Input, keys []Key) string {
	target, err := url.ParseRequestURI(v.m.Target)
	if err != nil {
		return "not asked: net/url cannot read the target"
	}
	if reason := v.beyondHTTPSign(input, target); reason != "" {
		return "not asked: " + reason
	}
	header := http.Header{}
	for _, line := range v.m.Header {
		header.Add(line[0], line[1])
	}
	// httpsign knows no other names of the two fields.
	header["Signature"], header["Signature-Input"] = v.m.Header.Values(v.o.SignatureHeader), v.m.Header.Values(v.o.InputHeader)
	req := &http.Request{Method: v.m.Method, URL: target, Host: v.r.Authority, Header: header}
	if v.r.Scheme == "https" {
		req.TLS = new(tls.ConnectionState)
	}
	said := "not asked: no key is of a kind that it knows"
	for _, key := range keys {
		for _, verifier := range httpsignVerifiers(key) {
			err := httpsign.VerifyRequest(in.label, *verifier, req)
			if err == nil {
				return "valid"
			}
			said = "invalid: " + err.Error()
		}
	}
	return said
}

func httpsignVerifiers(key Key) (all []*httpsign.Verifier) {
	config := httpsign.NewVerifyConfig().SetVerifyCreated(false).SetRejectExpired(false)
	covered := *httpsign.NewFields()
	add := func(v *httpsign.Verifier, err error) {
		if err == nil {
			all = append(all, v)
		}
	}
	switch public := key.Public.(type) {
	case ed25519.PublicKey:
		add(httpsign.NewEd25519Verifier(public, config, covered))
	case *rsa.PublicKey:
		add(httpsign.NewRSAPSSVerifier(*public, config, covered))
		add(httpsign.NewRSAVerifier(*public, config, covered))
	case *ecdsa.PublicKey:
		switch public.Params().BitSize {
		case 256:
			add(httpsign.NewP256Verifier(*public, config, covered))
		case 384:
			add(httpsign.NewP384Verifier(*public, config, covered))
		}
	}
	return all
}

// beyondHTTPSign says why httpsign cannot judge a signature, or "".
func (v *verification) beyondHTTPSign(input *httpsig.Input, target *url.URL) string {
	if _, err := url.ParseQuery(target.RawQuery); err != nil {
		return "it does not take this query"
	}
	path, _, hasQuery := v.m.Path()
	for _, c := range input.Components() {
		id := c.String()
		switch {
		case id == `"@path"` && target.EscapedPath() != path,
			id == `"@target-uri"` && (target.EscapedPath() != path || hasQuery && target.RawQuery == ""),
			id == `"@request-target"` && (target.Path != path || hasQuery && target.RawQuery == ""),
			strings.HasPrefix(id, `"@query-param"`), strings.Contains(id, `";sf`), id == `"host"`:
			return "it derives " + id + " of this request in its own way"
		}
	}
	return ""
}
