package partnertest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/dunglas/httpsfv"
	"github.com/yaronf/httpsign"
)

// askHTTPSign has httpsign verify a signature, unless it is known that httpsign cannot.
func (v *verifier) askHTTPSign(r *Request, require Require, in input, key Key, label string) string {
	target, err := url.ParseRequestURI(r.Target)
	if err != nil {
		return "not asked: net/url cannot read the target"
	}
	if reason := beyondHTTPSign(r, in, key, target); reason != "" {
		return "not asked: " + reason
	}
	config := httpsign.NewVerifyConfig().
		SetVerifyCreated(v.systemClock && require.MaxAge > 0).
		SetNotOlderThan(require.MaxAge).
		SetNotNewerThan(ahead).
		SetRejectExpired(v.systemClock)
	verifier, err := httpsignVerifier(key, config)
	if err != nil {
		return "not asked: " + err.Error()
	}
	header := http.Header{}
	for _, field := range r.Header {
		header.Add(field[0], field[1])
	}
	// httpsign knows no other names of the two fields.
	header["Signature"] = r.Header.Values(require.SignatureHeader)
	header["Signature-Input"] = r.Header.Values(require.InputHeader)
	request := &http.Request{Method: r.Method, URL: target, Host: r.Authority, Header: header}
	if r.Scheme == "https" {
		request.TLS = &tls.ConnectionState{}
	}
	if err := httpsign.VerifyRequest(label, *verifier, request); err != nil {
		return "refused: " + err.Error()
	}
	return accepted
}

func httpsignVerifier(key Key, config *httpsign.VerifyConfig) (*httpsign.Verifier, error) {
	covered := *httpsign.NewFields() // what must be covered is checked in missing
	switch public := key.Public.(type) {
	case ed25519.PublicKey:
		return httpsign.NewEd25519Verifier(public, config, covered)
	case *rsa.PublicKey:
		if key.algorithm() == "rsa-pss-sha512" {
			return httpsign.NewRSAPSSVerifier(*public, config, covered)
		}
		return httpsign.NewRSAVerifier(*public, config, covered)
	case *ecdsa.PublicKey:
		if key.algorithm() == "ecdsa-p256-sha256" {
			return httpsign.NewP256Verifier(*public, config, covered)
		}
		return httpsign.NewP384Verifier(*public, config, covered)
	}
	// httpsign refuses secrets shorter than SHA-256's block of 64 bytes. HMAC pads them
	// with zeros to that length (RFC 2104, section 2), so the padded one is the same.
	secret := key.Secret
	if short := 64 - len(secret); short > 0 {
		secret = append(slices.Clone(secret), bytes.Repeat([]byte{0}, short)...)
	}
	return httpsign.NewHMACSHA256Verifier(secret, config, covered)
}

// beyondHTTPSign says why httpsign cannot judge a signature, or "". What it is known to
// derive differently from the RFC would only make it refuse what is right.
func beyondHTTPSign(r *Request, in input, key Key, target *url.URL) string {
	switch {
	case key.DER:
		return "it knows no ECDSA signatures in ASN.1 DER"
	case key.algorithm() == "ecdsa-p521-sha512":
		return "it knows no ecdsa-p521-sha512"
	}
	if _, err := url.ParseQuery(target.RawQuery); err != nil {
		return "it refuses this query: " + err.Error()
	}
	for _, c := range in.components {
		ours, err := c.value(r)
		if err != nil {
			continue
		}
		if theirs, differs := httpsignValue(r, c, target); differs && theirs != ours {
			return fmt.Sprintf("it takes %s for %q, which is %q", c.id, theirs, ours)
		}
	}
	return ""
}

// httpsignValue is what httpsign takes a component for, and whether it has a way of its
// own with it.
func httpsignValue(r *Request, c component, target *url.URL) (value string, own bool) {
	whole := *target
	if whole.Host == "" {
		whole.Scheme, whole.Host = r.Scheme, r.Authority
	}
	switch {
	case c.name == "@authority": // neither in lower case nor without the default port
		return r.Authority, true
	case c.name == "@path": // encoded as net/url does, and empty when it is
		return whole.EscapedPath(), true
	case c.name == "@target-uri":
		return whole.String(), true
	case c.name == "@request-target": // decoded, and without the ? of an empty query
		value = whole.Path
		if whole.RawQuery != "" {
			value += "?" + whole.RawQuery
		}
		return value, true
	case c.name == "@query-param":
		name, _ := unquote(c.params.Get("name"))
		for key, values := range target.Query() {
			if httpsign.QueryEscapeForSignature(key) == name && len(values) == 1 {
				return httpsign.QueryEscapeForSignature(values[0]), true
			}
		}
		return "", true
	case c.params.Has("sf"): // a dictionary, whatever the field is
		dictionary, err := httpsfv.UnmarshalDictionary(r.Header.Values(c.name))
		if err != nil {
			return "", true
		}
		value, _ = httpsfv.Marshal(dictionary)
		return value, true
	}
	return "", false
}
