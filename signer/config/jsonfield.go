package config

import (
	"errors"
	"strings"

	"github.com/partnersign/partnersign/signer"
	"github.com/partnersign/partnersign/signer/keys"
)

// JSONField puts a field into a JSON body that lacks it. Every other byte of the
// body stays as it is.
type JSONField struct {
	// A JSON pointer to the field, such as `/client_ip`. Required.
	Pointer string `json:"pointer,omitempty"`

	// Text, in which `{env.NAME}` and `{file./absolute/path}` may stand; or
	// `{client_ip}`, the client's trusted address, which is left out when it is
	// not known, private or loopback. Required.
	Value string `json:"value,omitempty"`

	// Refuses a body that is not a JSON object with status 415. Default: it is
	// forwarded as it is.
	Require bool `json:"require,omitempty"`

	// The requests. Default: all that have a body.
	On *Match `json:"on,omitempty"`
}

const clientIP = "{client_ip}"

// Check says what is wrong with f in itself.
func (f *JSONField) Check() error {
	if err := f.On.checkOptional(); err != nil {
		return err
	}
	if len(f.Pointer) < 2 || !strings.HasPrefix(f.Pointer, "/") {
		return errors.New("expected a JSON pointer, such as /client_ip, and a value")
	}
	if f.Value == clientIP {
		return nil
	}
	if err := keys.CheckText(f.Value); err != nil {
		return errors.New(err.Error() + " (or " + clientIP + ")")
	}
	return nil
}

func (b *builder) jsonField(f *JSONField) (*signer.JSONField, error) {
	o := signer.JSONFieldOptions{Pointer: f.Pointer, ClientIP: f.Value == clientIP, On: f.On.match(), Require: f.Require}
	if !o.ClientIP {
		text, err := b.loader.Text(f.Value)
		if err != nil {
			return nil, err
		}
		o.Value = text
	}
	return signer.NewJSONField(o)
}
