package httpsig

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Parameter is one signature parameter (RFC 9421 section 2.3). On the wire
// they stand in the order in which they are configured.
type Parameter struct {
	name    string
	expires time.Duration // after created
	nonce   int           // bytes
	tag     string
}

const (
	defaultNonce = 16
	maxNonce     = 64
)

// DefaultParameters are created, keyid and alg.
func DefaultParameters() []Parameter {
	return []Parameter{{name: "created"}, {name: "keyid"}, {name: "alg"}}
}

// ParseParameter reads created, expires=<duration>, nonce or nonce=<bytes>
// (16, at most 64, random for every attempt, in base64), alg, keyid or
// tag=<text>.
func ParseParameter(spelled string) (Parameter, error) {
	name, value, hasValue := strings.Cut(spelled, "=")
	p := Parameter{name: name}
	switch name {
	case "created", "alg", "keyid":
		if hasValue {
			return p, fmt.Errorf("parameter %s: it takes no value", name)
		}
	case "expires":
		d, err := time.ParseDuration(value)
		if err != nil || d < time.Second {
			return p, errors.New("parameter expires: expected how long after the signing, such as expires=60s")
		}
		p.expires = d
	case "nonce":
		p.nonce = defaultNonce
		if hasValue {
			n, err := strconv.Atoi(value)
			if err != nil || n < 8 || n > maxNonce {
				return p, fmt.Errorf("parameter nonce: expected a number of bytes from 8 to %d, such as nonce=32", maxNonce)
			}
			p.nonce = n
		}
	case "tag":
		if p.tag = strings.Trim(value, `"`); p.tag == "" || !printable(p.tag) {
			return p, errors.New("parameter tag: expected printable ASCII, such as tag=web-bot-auth")
		}
	default:
		return p, fmt.Errorf("parameter %s: expected created, expires=<duration>, nonce, alg, keyid or tag=<text>", name)
	}
	return p, nil
}

// String is the parameter as a configuration spells it.
func (p Parameter) String() string {
	switch p.name {
	case "expires":
		return "expires=" + p.expires.String()
	case "nonce":
		return "nonce=" + strconv.Itoa(p.nonce)
	case "tag":
		return "tag=" + p.tag
	}
	return p.name
}
