package caddymodule

import (
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/config"
)

// parseSignature reads
//
//	signature [<label>] {
//	    key <path or secret> [base64|hex|text]
//	    key_id <id>
//	    algorithm <name>
//	    components <component>…
//	    parameters <parameter>…
//	    ecdsa_encoding raw|der
//	    byte_encoding base64|base64url
//	    header_names <Signature> <Signature-Input>
//	    existing replace|keep
//	    on <METHODS|*> <glob>…
//	}
func parseSignature(d *caddyfile.Dispenser, c *config.Config) error {
	var s config.Signature
	switch args := d.RemainingArgs(); len(args) {
	case 0:
	case 1:
		s.Label = args[0]
	default:
		return d.Err("signature: expected at most a label")
	}
	if slices.ContainsFunc(c.Signatures, func(o config.Signature) bool { return o.Label == s.Label }) {
		return d.Err("signature: there is one with this label before; give each a label of its own")
	}
	err := readBlock(d, "signature", func() error { return checkSignatureSoFar(s) }, func(name string, args []string) (err error) {
		if name == "on" {
			s.On, err = readOn(d, args)
			return err
		}
		line, ok := signatureLines[name]
		if !ok {
			return unknown(d, append(names(signatureLines), "on")...)
		}
		if len(args) < line.least || line.most > 0 && len(args) > line.most {
			return d.Errf("%s: expected %s", name, line.expected)
		}
		line.set(&s, args)
		return nil
	})
	c.Signatures = append(c.Signatures, s)
	return err
}

// checkSignatureSoFar checks a signature that may still lack its key.
func checkSignatureSoFar(s config.Signature) error {
	if s.Key == "" {
		s.Key = "/key"
	}
	return s.Check()
}

// signatureLines are the lines of a signature block.
var signatureLines = map[string]struct {
	least, most int // arguments; most 0: any number
	expected    string
	set         func(*config.Signature, []string)
}{
	"key": {1, 2, "the path of the key, {file./absolute/path} or {env.NAME}, and maybe base64, hex or text", func(s *config.Signature, args []string) {
		s.Key = args[0]
		if len(args) == 2 {
			s.KeyFormat = args[1]
		}
	}},
	"key_id":         {1, 1, "the partner's name for the key", func(s *config.Signature, args []string) { s.KeyID = args[0] }},
	"algorithm":      {1, 1, "one algorithm", func(s *config.Signature, args []string) { s.Algorithm = args[0] }},
	"components":     {1, 0, "what is covered", func(s *config.Signature, args []string) { s.Components = args }},
	"parameters":     {1, 0, "the signature's parameters", func(s *config.Signature, args []string) { s.Parameters = args }},
	"ecdsa_encoding": {1, 1, "raw or der", func(s *config.Signature, args []string) { s.ECDSAEncoding = args[0] }},
	"byte_encoding":  {1, 1, "base64 or base64url", func(s *config.Signature, args []string) { s.ByteEncoding = args[0] }},
	"header_names":   {2, 2, "two names: of the signature and of its input", func(s *config.Signature, args []string) { s.HeaderNames = args }},
	"existing":       {1, 1, "replace or keep", func(s *config.Signature, args []string) { s.Existing = args[0] }},
}
