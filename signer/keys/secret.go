package keys

import (
	"bytes"
	"errors"
	"time"
)

// Secret is a token, password or other text for a header. It prints as
// [secret]; only Value gives it away. The zero Secret is not usable.
type Secret struct {
	open func() *live[string]
}

// Secret opens the secret that ref names, which is exactly {env.NAME} or
// {file./absolute/path}. Anything else is an error that does not repeat it, as
// it may be the secret itself. The variable or file must hold a secret that
// [Secret.Value] would return.
func (l *Loader) Secret(ref string) (*Secret, error) {
	r, err := parseReference(ref)
	if err != nil {
		return nil, err
	}
	var value *live[string]
	if l.StandIns {
		value = fixed(standInSecret(r), nil)
	} else if value, err = open(l, r, parseSecret); err != nil {
		return nil, err
	}
	l.resolved(r.String(), value.last())
	return newSecret(value), nil
}

// FixedSecret returns a secret that never changes, for programs that have their
// own source of secrets. A value that does not fit into a header is reported by
// [Secret.Value].
func FixedSecret(value string) *Secret {
	return newSecret(fixed(value, checkSecret([]byte(value))))
}

func newSecret(value *live[string]) *Secret {
	return &Secret{open: func() *live[string] { return value }}
}

// Value returns the secret as it is now. It looks at a file at most once a
// second of now and reads it when it has changed.
//
// One newline at the end is not part of the secret. It is an error when the
// secret is empty or holds a control character, a line break or a byte outside
// ASCII, and when its file is missing or cannot be read; the error lasts until
// the file is good again.
func (s *Secret) Value(now time.Time) (string, error) {
	value, err := s.open().get(now)
	if err != nil {
		return "", err
	}
	return value, nil
}

func parseSecret(content []byte) (string, error) {
	content = trimNewline(content)
	if err := checkSecret(content); err != nil {
		return "", err
	}
	return string(content), nil
}

// trimNewline removes one line break from the end, as editors and shells put
// there.
func trimNewline(content []byte) []byte {
	line, ok := bytes.CutSuffix(content, []byte("\n"))
	if !ok {
		return content
	}
	return bytes.TrimSuffix(line, []byte("\r"))
}

func checkSecret(value []byte) error {
	if len(value) == 0 {
		return errEmpty
	}
	for _, c := range value {
		switch {
		case c == '\n' || c == '\r':
			return errors.New("the secret holds a line break: give it on one line")
		case c < ' ' || c == 0x7f:
			return errors.New("the secret holds a control character: give it as plain text")
		case c > 0x7f:
			return errors.New("the secret holds a byte outside ASCII: give it as plain text without a byte order mark")
		}
	}
	return nil
}

var errEmpty = errors.New("there is nothing in it: write the secret or key into it")
