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
	back    time.Duration // created: before now
	expires time.Duration // after created
	nonce   int           // bytes
	tag     string
}

const (
	defaultNonce = 16
	maxNonce     = 64
	maxBack      = 5 * time.Minute
)

// DefaultParameters are created, keyid and alg.
func DefaultParameters() []Parameter {
	return []Parameter{{name: "created"}, {name: "keyid"}, {name: "alg"}}
}

// ParseParameter reads created or created=-<duration> (so long before the
// signing, 1 s to 5 min), expires=<duration> (after created), nonce or
// nonce=<bytes> (16, at most 64, random for every attempt, in base64), alg,
// keyid or tag=<text>.
func ParseParameter(spelled string) (Parameter, error) {
	name, value, hasValue := strings.Cut(spelled, "=")
	p := Parameter{name: name}
	switch name {
	case "alg", "keyid":
		if hasValue {
			return p, fmt.Errorf("parameter %s: it takes no value", name)
		}
	case "created":
		d, err := time.ParseDuration(value)
		if hasValue && (err != nil || d > -time.Second || d < -maxBack) {
			return p, errors.New("parameter created: expected nothing, or how long before the signing, such as created=-5s, from 1s to 5m")
		}
		p.back = -d
	case "expires":
		d, err := time.ParseDuration(value)
		if err != nil || d < time.Second {
			return p, errors.New("parameter expires: expected how long after created, such as expires=60s")
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
		return p, fmt.Errorf("parameter %s: expected created[=-<duration>], expires=<duration>, nonce, alg, keyid or tag=<text>", name)
	}
	return p, nil
}

// String is the parameter as a configuration spells it.
func (p Parameter) String() string {
	switch p.name {
	case "created":
		if p.back > 0 {
			return "created=-" + p.back.String()
		}
	case "expires":
		return "expires=" + p.expires.String()
	case "nonce":
		return "nonce=" + strconv.Itoa(p.nonce)
	case "tag":
		return "tag=" + p.tag
	}
	return p.name
}

// span is how far created goes back, and how long after it the signature
// expires; 0: it does not say.
func span(parameters []Parameter) (back, life time.Duration) {
	for _, p := range parameters {
		back, life = back+p.back, life+p.expires
	}
	return back, life
}
