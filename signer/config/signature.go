package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/partnersign/partnersign/signer/httpsig"
	"github.com/partnersign/partnersign/signer/keys"
)

var keyFormats = map[string]keys.Format{
	"":       keys.FormatAuto,
	"base64": keys.FormatBase64,
	"hex":    keys.FormatHex,
	"text":   keys.FormatText,
}

func (s *Signature) label() string {
	if s.Label == "" {
		return "sig1"
	}
	return s.Label
}

// checkLabel asks the engine, and does not repeat what is not a label.
func checkLabel(label string) error {
	if (&httpsig.Options{Label: label}).Check() != nil {
		return errors.New("a label is of lower-case letters, digits, _ - . and *, and begins with a letter or *")
	}
	return nil
}

// Check says what is wrong with s in itself.
func (s *Signature) Check() error {
	if err := checkLabel(s.Label); err != nil {
		return err
	}
	if s.Key == "" {
		return errors.New("key is missing: the path of the signing key")
	}
	if err := keys.CheckKey(s.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if s.Algorithm != "" {
		if _, err := keys.ParseAlgorithm(s.Algorithm); err != nil {
			return err
		}
	}
	if s.KeyID != keyThumbprint {
		if err := keys.CheckText(s.KeyID); err != nil {
			return fmt.Errorf("key_id: %w (or %s)", err, keyThumbprint)
		}
	}
	if _, ok := keyFormats[s.KeyFormat]; !ok {
		return errors.New("a key that is not PEM or a JWK is written in base64, hex or text")
	}
	o, err := s.options()
	if err != nil {
		return err
	}
	return o.Check()
}

var parameters = []string{"created", "expires", "nonce", "alg", "keyid", "tag"}

// options are those that need neither the key nor its id.
func (s *Signature) options() (o httpsig.Options, err error) {
	switch s.ECDSAEncoding {
	case "", "raw":
	case "der":
		o.DER = true
	default:
		return o, errors.New("ecdsa_encoding is raw or der")
	}
	switch s.ByteEncoding {
	case "", "base64":
	case "base64url":
		o.URLEncoding = true
	default:
		return o, errors.New("byte_encoding is base64 or base64url")
	}
	switch s.Existing {
	case "", "replace":
	case "keep":
		o.Keep = true
	default:
		return o, errors.New("existing is replace or keep")
	}
	switch len(s.HeaderNames) {
	case 0:
	case 2:
		o.SignatureHeader, o.InputHeader = s.HeaderNames[0], s.HeaderNames[1]
	default:
		return o, errors.New("header_names takes two names: of the signature and of its input")
	}
	o.Label = s.Label
	for _, spelled := range s.Components {
		c, err := httpsig.ParseComponent(spelled)
		if err != nil {
			return o, err
		}
		o.Components = append(o.Components, c)
	}
	for _, spelled := range s.Parameters {
		if name, _, _ := strings.Cut(spelled, "="); !slices.Contains(parameters, name) {
			return o, fmt.Errorf("the parameters are %s", strings.Join(parameters, ", "))
		}
		p, err := httpsig.ParseParameter(spelled)
		if err != nil {
			return o, err
		}
		o.Parameters = append(o.Parameters, p)
	}
	if err := s.On.checkOptional(); err != nil {
		return o, err
	}
	o.On = s.On.match()
	return o, nil
}
