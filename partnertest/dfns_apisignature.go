package partnertest

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// dfnsSignedHeaders are the fields that an API signature signs, in order.
var dfnsSignedHeaders = []string{
	"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent",
	"x-dfns-appid", "x-dfns-appsecret", "x-dfns-nonce", "x-dfns-useraction",
}

// checkAPISignature recomputes X-DFNS-APISIGNATURE from the request as it was received
// ("Request Headers", docs.dfns.co/d/advanced-topics/authentication/request-headers): the
// signature of a JWS with RS256 (RFC 7515) whose header and payload are not sent.
func checkAPISignature(seen *Request, public *rsa.PublicKey) *dfnsRefusal {
	value, refusal := single(seen, "X-DFNS-APISIGNATURE", 401)
	if refusal != nil {
		return refusal
	}
	if strings.Contains(value, ".") {
		return refuse(401, "X-DFNS-APISIGNATURE has a dot: it is to be the signature alone, without header and payload.")
	}
	signature, err := decodeBase64URL(value)
	if err != nil {
		return refuse(401, "X-DFNS-APISIGNATURE: %v.", err)
	}
	for _, name := range dfnsSignedHeaders {
		if n := len(seen.Header.Values(name)); n > 1 {
			return refuse(401, "X-DFNS-APISIGNATURE: there are %d %s fields, where one can be signed.", n, name)
		}
	}
	if len(seen.Body) > 0 && !seen.Header.Has("Content-Length") {
		return refuse(401, "X-DFNS-APISIGNATURE: the body came without the Content-Length that is signed.")
	}
	input, err := apiSignatureInput(seen)
	if err != nil {
		return refuse(401, "X-DFNS-APISIGNATURE: %v.", err)
	}
	if rsa.VerifyPKCS1v15(public, crypto.SHA256, digest(crypto.SHA256, input), signature) != nil {
		return refuse(401, "X-DFNS-APISIGNATURE does not fit the request that was received.")
	}
	return nil
}

// apiSignatureInput is what an API signature signs.
func apiSignatureInput(seen *Request) (string, error) {
	payload, err := apiSignaturePayload(seen)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode([]byte(payload)), err
}

// apiSignaturePayload describes a request in 17 members.
func apiSignaturePayload(seen *Request) (string, error) {
	var payload strings.Builder
	add := func(name, value string) error {
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
			return fmt.Errorf("%s has a character that is not printable ASCII", name)
		}
		separator := ","
		if payload.Len() == 0 {
			separator = "{"
		}
		fmt.Fprintf(&payload, `%s"%s":"%s"`, separator, name, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value))
		return nil
	}
	for _, name := range dfnsSignedHeaders {
		value := seen.Header.Get(name)
		switch name {
		case "content-length":
			value = strconv.Itoa(len(seen.Body)) // "0" where a GET has no such field
		case "host":
			value = seen.Authority
		}
		if err := add("h-"+name, value); err != nil {
			return "", err
		}
	}
	host := seen.Authority
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	rest := Fields{
		{"r-authority", host},
		{"r-body", base64.RawURLEncoding.EncodeToString(seen.Body)},
		{"r-method", strings.ToLower(seen.Method)},
		{"r-path", seen.Target},
		{"r-scheme", "https"},
	}
	for _, member := range rest {
		if err := add(member[0], member[1]); err != nil {
			return "", err
		}
	}
	return payload.String() + "}", nil
}
