package dfns

import (
	"context"
	"encoding/base64"
	"errors"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// APISignature is the step that sets X-DFNS-APISIGNATURE, by which a
// server-signed Application proves each request: a detached JWS with RS256
// (RFC 7515 appendix F) over the request line, twelve headers and the body.
type APISignature struct{ key *keys.Key }

// NewAPISignature makes the step. The key must have been opened for
// keys.RSAv15SHA256, which takes RSA keys of 2048 bits and more.
func NewAPISignature(key *keys.Key) (*APISignature, error) {
	if key == nil || key.Algorithm() != keys.RSAv15SHA256 {
		return nil, errors.New("an API signature is made with RSA: give the application's RSA key, of at least 2048 bits")
	}
	return &APISignature{key}, nil
}

// Phase implements signer.Step.
func (*APISignature) Phase() signer.Phase { return signer.PhaseSignature }

// Owns implements signer.Step.
func (*APISignature) Owns() []string { return []string{headerAPISignature} }

// NeedsBody implements signer.Step.
func (*APISignature) NeedsBody(r *signer.Request) bool { return r.ContentLength != 0 }

// Apply implements signer.Step. A request with a header or a query that cannot
// be signed as it is sent is signer.InvalidRequest.
func (s *APISignature) Apply(_ context.Context, r *signer.Request) error {
	input, err := apiSigningInput(r)
	if err != nil {
		return err
	}
	key := s.key.Current(r.Now)
	signature, err := key.Sign(nil, input, r.Now, keys.Raw)
	if err != nil {
		return err
	}
	r.Signed(headerAPISignature, "", key, input)
	r.Set(headerAPISignature, base64.RawURLEncoding.EncodeToString(signature))
	return nil
}

// protectedHeader is the JWS header; Dfns puts it before the signature itself.
var protectedHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`))

// apiSigningInput is what is signed (RFC 7515 section 5.1).
func apiSigningInput(r *signer.Request) ([]byte, error) {
	payload, err := apiPayload(r)
	if err != nil {
		return nil, err
	}
	input := make([]byte, 0, len(protectedHeader)+1+base64.RawURLEncoding.EncodedLen(len(payload)))
	input = append(append(input, protectedHeader...), '.')
	return base64.RawURLEncoding.AppendEncode(input, payload), nil
}

// signedHeaders are those that the payload holds, in its order.
var signedHeaders = []string{
	"Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Length", "Content-Type", "Host", "User-Agent",
	headerAppID, headerAppSecret, headerNonce, headerUserAction,
}

// apiPayload is the compact JSON of what goes out. Dfns computes the same from
// what comes in, so that order and escapes must be these.
func apiPayload(r *signer.Request) ([]byte, error) {
	if !isPrintable(r.Target()) {
		return nil, signer.InvalidRequest.Problem("the query holds characters that must be percent-encoded")
	}
	payload := make([]byte, 0, 2048+base64.RawURLEncoding.EncodedLen(r.Body.Len()))
	add := func(name, value string) {
		payload = appendString(payload, name)
		payload = appendString(append(payload, ':'), value)
		payload = append(payload, ',')
	}
	payload = append(payload, '{')
	for _, name := range signedHeaders {
		value, err := headerAsSent(r, name)
		if err != nil {
			return nil, err
		}
		add("h-"+strings.ToLower(name), value)
	}
	add("r-authority", (&url.URL{Host: r.Authority}).Hostname())
	add("r-body", base64.RawURLEncoding.EncodeToString(bodyOf(r)))
	add("r-method", strings.ToLower(r.Method))
	add("r-path", r.Target())
	add("r-scheme", r.Scheme)
	payload[len(payload)-1] = '}'
	return payload, nil
}

// headerAsSent is the one line of a header, or "" if it is not sent. It makes
// one line of several, as servers do when they read them.
func headerAsSent(r *signer.Request, name string) (string, error) {
	switch name {
	case "Content-Length":
		// Also "0", although net/http sends none with a GET.
		return strconv.Itoa(r.Body.Len()), nil
	case "Host":
		return r.Authority, nil
	}
	values, ok := r.Header[name]
	if !ok {
		return "", nil
	}
	value := textproto.TrimString(strings.Join(values, ", ")) // as net/http writes one
	if value != "" && !isPrintable(value) {
		return "", signer.InvalidRequest.Problem("the header %s holds characters that are not printable ASCII and cannot be signed", name)
	}
	if len(values) > 1 {
		r.Set(name, value)
	}
	return value, nil
}

// bodyOf is the body of a request whose body is held or empty.
func bodyOf(r *signer.Request) []byte {
	if r.Body == nil {
		return nil
	}
	return r.Body.Bytes()
}

// Signed is what the step signs of r, as the JSON that Dfns computes, too. It is
// sent nowhere.
func (*APISignature) Signed(r *signer.Request) (string, error) {
	payload, err := apiPayload(r)
	return string(payload), err
}
