package keys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

var (
	errReference    = errors.New("expected {env.NAME} or {file./absolute/path}")
	errKeyReference = errors.New("expected an absolute path, {env.NAME} or {file./absolute/path}")
)

// reference says where a secret is: one of env and path is set.
type reference struct {
	env  string
	path string
}

// parseReference reads {env.NAME} or {file./absolute/path}.
func parseReference(s string) (reference, error) {
	inner, opened := strings.CutPrefix(s, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if !opened || !closed {
		return reference{}, errReference
	}
	if name, ok := strings.CutPrefix(inner, "env."); ok && validName(name) {
		return reference{env: name}, nil
	}
	if path, ok := strings.CutPrefix(inner, "file."); ok && validPath(path) {
		return reference{path: path}, nil
	}
	return reference{}, errReference
}

// parseKeyReference reads a reference or a plain absolute path.
func parseKeyReference(s string) (reference, error) {
	if r, err := parseReference(s); err == nil {
		return r, nil
	}
	// Errors name the path of a reference. Secrets in base64 may start with a
	// slash, but most then hold one of these, and a path that really does can
	// still be written {file.…}.
	if validPath(s) && !strings.ContainsAny(s, "+=") {
		return reference{path: s}, nil
	}
	return reference{}, errKeyReference
}

// String returns the reference as it is written in a configuration. It is not
// secret.
func (r reference) String() string {
	if r.env != "" {
		return "{env." + r.env + "}"
	}
	return "{file." + r.path + "}"
}

// lookup returns the value of the environment variable.
func (r reference) lookup() ([]byte, error) {
	value, ok := os.LookupEnv(r.env)
	if !ok {
		return nil, fmt.Errorf("%s: the environment variable is not set: set it for this process", r)
	}
	return []byte(value), nil
}

// validName allows the names of environment variables that are in use. None of
// "+", "/" and "=" are, so that most secrets are not taken for a name.
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		alphanumeric := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alphanumeric && !strings.ContainsRune("_.-", rune(c)) {
			return false
		}
	}
	return name != ""
}

func validPath(path string) bool {
	unusable := func(r rune) bool { return r < ' ' || r == 0x7f || r == '{' || r == '}' }
	return filepath.IsAbs(path) && utf8.ValidString(path) && !strings.ContainsFunc(path, unusable)
}
