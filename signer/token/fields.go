package token

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// A pair is a Field as it was read.
type pair struct{ name, value string }

// A reading reads values at one time and keeps the first error.
type reading struct {
	now time.Time
	err error
}

// text is a value, or "" if there is none.
func (r *reading) text(what string, v signer.Value) string {
	if v == nil || r.err != nil {
		return ""
	}
	text, err := v.Value(r.now)
	if err != nil {
		r.err = fmt.Errorf("%s: %w", what, err)
	}
	return text
}

func (r *reading) fields(fields []Field) []pair {
	pairs := make([]pair, len(fields))
	for i, f := range fields {
		pairs[i] = pair{f.Name, r.text(f.Name, f.Value)}
	}
	return pairs
}

func checkFields(fields []Field) error {
	for _, f := range fields {
		if f.Name == "" || f.Value == nil {
			return errors.New("a field has a name and a value")
		}
	}
	return nil
}

const formType = "application/x-www-form-urlencoded"

// encodeForm is a form in the order of its fields.
func encodeForm(pairs []pair) []byte {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value))
	}
	return []byte(b.String())
}
