package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

const (
	opaqueNote = "a token, a password or a shared secret: nothing in it tells for what, nor until when it is good"
	bearerNote = "it begins with Bearer, which `bearer` puts there itself: leave the token alone, unless it is for `header`"
	linesNote  = "base64 over several lines: good as the key of hmac-sha256, not as a token or a password"
)

// readToken describes what is neither PEM nor JSON. Of a JWT only registered
// claims are read (RFC 7519, section 4.1), which say nothing that is secret.
func readToken(content []byte) Item {
	text := string(bytes.TrimSpace(content))
	token, bearer := strings.CutPrefix(text, "Bearer ")
	i := readJOSE(token)
	if bearer {
		i.Note = bearerNote
	}
	err := keys.CheckSecretContent(content)
	if err != nil && i.Kind == Opaque {
		if _, notBase64 := keys.Describe(content, keys.KeyOptions{}); notBase64 == nil {
			i.Note = linesNote
			return i
		}
	}
	if err != nil {
		i.Problem = err.Error()
	} else if strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r") != text {
		i.Problem = "there is a space or an empty line around it, which would be sent: remove it"
	}
	return i
}

// readJOSE describes a token by its look: RFC 7515, section 3.1, and RFC 7516,
// section 3.1.
func readJOSE(token string) Item {
	parts := strings.Split(token, ".")
	var header struct {
		Algorithm text `json:"alg"`
		KeyID     text `json:"kid"`
	}
	if n := len(parts); n != 3 && n != 5 || !decode(parts[0], &header) || header.Algorithm == "" {
		return Item{Kind: Opaque, Note: opaqueNote}
	}
	i := Item{Kind: JWE, Note: "only its recipient can read what it says"}
	if len(parts) == 3 {
		i = readClaims(parts[1])
		i.SignedWith = Printable(string(header.Algorithm))
	}
	i.KeyID = Printable(string(header.KeyID))
	return i
}

func readClaims(payload string) Item {
	var claims struct {
		Issuer    text     `json:"iss"`
		Subject   text     `json:"sub"`
		Audience  audience `json:"aud"`
		Issued    date     `json:"iat"`
		NotBefore date     `json:"nbf"`
		Expires   date     `json:"exp"`
	}
	i := Item{Kind: JWT}
	if !decode(payload, &claims) {
		i.Problem = "its claims cannot be read: copy it again as a whole"
		return i
	}
	i.Issuer, i.Subject = Printable(string(claims.Issuer)), Printable(string(claims.Subject))
	for _, a := range claims.Audience {
		i.Audience = append(i.Audience, Printable(a))
	}
	i.Issued, i.NotBefore, i.Expires = claims.Issued.time, claims.NotBefore.time, claims.Expires.time
	if i.Expires == nil {
		i.Note = "it does not say when it expires"
	}
	return i
}

func decode(segment string, into any) bool {
	data, err := base64.RawURLEncoding.DecodeString(segment)
	return err == nil && bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) && json.Unmarshal(data, into) == nil
}

// Claims of another type than they should have are left out: they must not hide
// the others.
type (
	text     string
	audience []string
	date     struct{ time *time.Time }
)

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
	}
	return nil
}

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	var many []string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
	} else if json.Unmarshal(data, &many) == nil {
		*a = many
	}
	return nil
}

func (d *date) UnmarshalJSON(data []byte) error {
	var seconds float64
	if json.Unmarshal(data, &seconds) == nil && seconds > 0 && seconds < 100*math.MaxInt32 {
		d.time = at(time.Unix(int64(seconds), 0))
	}
	return nil
}
