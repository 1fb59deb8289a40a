package httpsig

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dunglas/httpsfv"
	"golang.org/x/net/http/httpguts"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// Options describe a signature. Key is required.
type Options struct {
	// Label names the signature within the message. Default: sig1.
	Label string
	// Key signs; it decides on the algorithm.
	Key *keys.Key
	// KeyID is the parameter keyid. Default: the key's own id, if it is a
	// JWK that has one.
	KeyID signer.Value
	// Thumbprint makes the key's own thumbprint (RFC 7638) the parameter
	// keyid, instead of KeyID: it follows the key when that is replaced.
	Thumbprint bool
	// Components are covered, in this order. None: only the parameters are
	// signed.
	Components []Component
	// Parameters, in the order on the wire. Nil: created, keyid, alg.
	Parameters []Parameter
	// DER encodes ECDSA signatures as ASN.1 DER instead of r||s.
	DER bool
	// URLEncoding writes the signature and the nonce in base64url without
	// padding instead of base64.
	URLEncoding bool
	// SignatureHeader and InputHeader carry the signature. Defaults:
	// Signature and Signature-Input.
	SignatureHeader, InputHeader string
	// Keep keeps a client's own signatures beside this one; default: they
	// are removed.
	Keep bool
	// On selects the requests that are signed. The zero value: all.
	On signer.Match
}

// maxComponents bounds what a signature covers.
const maxComponents = 64

// Signature is the step that adds one signature to a request.
type Signature struct {
	label                        string
	key                          *keys.Key
	keyID                        signer.Value
	thumbprint                   bool
	components                   []Component
	parameters                   []Parameter
	back                         time.Duration // of created
	encoded                      keys.Encoding
	url, keep                    bool
	signatureHeader, inputHeader string
	on                           signer.Match
	needsLength                  bool
}

// NewSignature makes the step, or says what is wrong with its options.
func NewSignature(o Options) (*Signature, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s := &Signature{
		label:       o.label(),
		key:         o.Key,
		keyID:       o.KeyID,
		thumbprint:  o.Thumbprint,
		components:  o.Components,
		parameters:  o.Parameters,
		url:         o.URLEncoding,
		keep:        o.Keep,
		on:          o.On,
		needsLength: slices.ContainsFunc(o.Components, func(c Component) bool { return c.name == "content-length" }),
	}
	s.signatureHeader, s.inputHeader = o.headers()
	if s.parameters == nil {
		s.parameters = DefaultParameters()
	}
	s.back, _ = span(s.parameters)
	if o.DER {
		s.encoded = keys.DER
	}
	if err := s.checkKey(); err != nil {
		return nil, err
	}
	return s, nil
}

// Check says what is wrong with o, without looking at the key.
func (o *Options) Check() error {
	signature, input := o.headers()
	switch {
	case !validLabel(o.label()):
		return fmt.Errorf("%q is not a label: lower-case letters, digits, _ - . and *, beginning with a letter or *", o.Label)
	case !httpguts.ValidHeaderFieldName(signature) || !httpguts.ValidHeaderFieldName(input) || signature == input:
		return errors.New("header_names takes two different header names: for the signature and for its input")
	case len(o.Components) > maxComponents:
		return fmt.Errorf("a signature covers at most %d components", maxComponents)
	}
	for i, c := range o.Components {
		if slices.ContainsFunc(o.Components[:i], c.same) {
			return fmt.Errorf("the component %s is there twice", c.spelled())
		}
		if c.hasKey && c.key == o.label() && (c.header == signature || c.header == input) {
			return errors.New("a signature cannot cover itself")
		}
	}
	for i, p := range o.Parameters {
		if slices.ContainsFunc(o.Parameters[:i], func(q Parameter) bool { return q.name == p.name }) {
			return fmt.Errorf("the parameter %s is there twice", p.name)
		}
	}
	if back, life := span(o.Parameters); life > 0 && life <= back {
		return errors.New("parameter expires: expected more than created goes back, as it counts from there: the signature would be over before it is made")
	}
	return nil
}

func (o *Options) label() string { return cmp.Or(o.Label, "sig1") }

func (o *Options) headers() (signature, input string) {
	return textproto.CanonicalMIMEHeaderKey(cmp.Or(o.SignatureHeader, "Signature")),
		textproto.CanonicalMIMEHeaderKey(cmp.Or(o.InputHeader, "Signature-Input"))
}

// checkKey says whether the key can do what is asked of it, and finds the key id.
func (s *Signature) checkKey() error {
	if s.key == nil {
		return errors.New("a signature needs a key")
	}
	if s.encoded == keys.DER && !strings.HasPrefix(string(s.key.Algorithm()), "ecdsa-") {
		return errors.New("ecdsa_encoding is for ECDSA keys")
	}
	if s.thumbprint {
		_, err := s.key.Thumbprint()
		return err
	}
	if s.keyID == nil {
		id := s.key.JWKKeyID()
		if id == "" && slices.ContainsFunc(s.parameters, func(p Parameter) bool { return p.name == "keyid" }) {
			return errors.New("key_id is missing: the partner's name for the key; or leave keyid out of parameters")
		}
		s.keyID = fixed(id)
	}
	return nil
}

type fixed string

func (f fixed) Value(time.Time) (string, error) { return string(f), nil }

// Label names the signature within the message.
func (s *Signature) Label() string { return s.label }

// Headers are the names of the headers that carry the signature and its input.
func (s *Signature) Headers() (signature, input string) { return s.signatureHeader, s.inputHeader }

// Phase implements signer.Step.
func (s *Signature) Phase() signer.Phase { return signer.PhaseSignature }

// Owns implements signer.Step.
func (s *Signature) Owns() []string {
	if s.keep {
		return nil
	}
	return []string{s.signatureHeader, s.inputHeader}
}

// NeedsBody implements signer.Step: a length that is covered must be known.
func (s *Signature) NeedsBody(r *signer.Request) bool {
	return s.needsLength && r.ContentLength < 0
}

// scratch is memory that signing needs and gives back.
type scratch struct {
	buf   []byte
	sig   []byte
	nonce [maxNonce]byte
}

var scratches = sync.Pool{New: func() any { return &scratch{buf: make([]byte, 0, 2048), sig: make([]byte, 0, 512)} }}

// Apply implements signer.Step.
func (s *Signature) Apply(_ context.Context, r *signer.Request) error {
	if !s.on.Matches(r.Method, r.Path) {
		return nil
	}
	key := s.key.Current(r.Now) // the same one for its id and the signature
	keyID, err := s.currentID(key, r.Now)
	if err != nil {
		return signer.CredentialUnavailable.Problem("the id of the signing key is not available; the proxy's log says why").Because(err)
	}
	sc := scratches.Get().(*scratch)
	defer scratches.Put(sc)
	for i := range s.parameters {
		if n := s.parameters[i].nonce; n > 0 {
			if _, err := io.ReadFull(r.Rand, sc.nonce[:n]); err != nil {
				return err
			}
		}
	}
	var params int
	if sc.buf, params, err = s.appendBase(sc.buf[:0], r, keyID, sc.nonce[:]); err != nil {
		return err
	}
	if sc.sig, err = key.Sign(sc.sig[:0], sc.buf, r.Now, s.encoded); err != nil {
		return err
	}
	r.Signed(s.label, keyID, key, sc.buf)
	base := len(sc.buf)
	sc.buf = append(append(append(sc.buf, s.label...), '='), sc.buf[params:base]...)
	input := len(sc.buf)
	sc.buf = append(append(sc.buf, s.label...), "=:"...)
	sc.buf = append(s.encoding().AppendEncode(sc.buf, sc.sig), ':')
	text := string(sc.buf[base:]) // both values, in one piece
	if keyID != "" {
		r.Record.KeyIDs = append(r.Record.KeyIDs, keyID)
	}
	return s.put(r, text[:input-base], text[input-base:])
}

// currentID is the parameter keyid for this key.
func (s *Signature) currentID(key *keys.Key, now time.Time) (string, error) {
	if s.thumbprint {
		return key.Thumbprint()
	}
	id, err := s.keyID.Value(now)
	if err == nil && !printable(id) {
		err = errors.New("key_id is not printable ASCII")
	}
	return id, err
}

func (s *Signature) encoding() *base64.Encoding {
	if s.url {
		return base64.RawURLEncoding
	}
	return base64.StdEncoding
}

// put sets the two headers, after signatures that are there already.
func (s *Signature) put(r *signer.Request, input, signature string) error {
	inputs, signatures := r.Header[s.inputHeader], r.Header[s.signatureHeader]
	if inputs != nil || signatures != nil {
		if s.keep {
			if err := s.checkKept(inputs, signatures); err != nil {
				return err
			}
		}
		input, signature = joined(inputs, input), joined(signatures, signature)
	}
	r.Set(s.inputHeader, input)
	r.Set(s.signatureHeader, signature)
	return nil
}

// joined adds a member to the lines of a dictionary. A line may be empty, as is a
// dictionary without members.
func joined(lines []string, member string) string {
	if text := strings.Join(lines, ", "); trimSpace(text) != "" {
		return text + ", " + member
	}
	return member
}

// checkKept refuses signatures of the client that would make the message
// ambiguous.
func (s *Signature) checkKept(inputs, signatures []string) error {
	in, err := httpsfv.UnmarshalDictionary(inputs)
	if err != nil {
		return signer.InvalidRequest.Problem("the request's own %s is not a dictionary", s.inputHeader)
	}
	sig, err := httpsfv.UnmarshalDictionary(signatures)
	if err != nil {
		return signer.InvalidRequest.Problem("the request's own %s is not a dictionary", s.signatureHeader)
	}
	inLabels, sigLabels := in.Names(), sig.Names()
	slices.Sort(inLabels)
	slices.Sort(sigLabels)
	if !slices.Equal(inLabels, sigLabels) {
		return signer.InvalidRequest.Problem("the request's own %s and %s do not have the same labels", s.inputHeader, s.signatureHeader)
	}
	if _, ok := in.Get(s.label); ok {
		return signer.InvalidRequest.Problem("the request has a signature of its own under the label %s, which is the proxy's", s.label)
	}
	return nil
}

// validLabel checks for a key of a dictionary (RFC 9651 section 3.1.2).
func validLabel(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z' || c == '*':
		case i > 0 && ('0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}
