package verify_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/message"
	"github.com/partnersign/partnersign/signer/verify"
)

var now = time.Unix(1772949723, 0)

// A signed request is written by hand here, with nothing of the product.
type signed struct {
	method, target, host string
	fields               message.Fields
	body                 string
	covers               []string // "@method" or a field's name
	created              int64
	more                 string // parameters behind created and keyid
	keyID                string
	key                  crypto.Signer
	end                  string // of the base
}

var private, other = ed25519Key(1), ed25519Key(2)

func ed25519Key(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(make([]byte, 31), n))
}

func payment() signed {
	return signed{
		method: "POST", target: "/v1/a%2Fb/pay:ments?x=1&y=a%20b", host: "api.acme.example",
		fields: message.Fields{{"Content-Type", "application/json"}, {"Authorization", "Bearer sk_live_canary"}, {"X-List", "a, b"}},
		body:   `{"to":"a/b","amount": 12.50}`,
		covers: []string{"@method", "@target-uri", "content-type", "content-digest", "authorization", "x-list"},
		keyID:  "acme", key: private, created: now.Unix(),
	}
}

func digestOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func (s signed) input() string {
	var quoted []string
	for _, name := range s.covers {
		quoted = append(quoted, `"`+name+`"`)
	}
	return fmt.Sprintf(`(%s);created=%d;keyid=%q%s`, strings.Join(quoted, " "), s.created, s.keyID, s.more)
}

func (s signed) base() string {
	path, query, _ := strings.Cut(s.target, "?")
	values := map[string]string{
		"@method": s.method, "@target-uri": "https://" + s.host + s.target, "@path": path, "@query": "?" + query, "@authority": s.host,
		"content-digest": digestOf(s.body), "content-length": fmt.Sprint(len(s.body)),
	}
	for _, f := range s.fields {
		values[strings.ToLower(f[0])] = f[1]
	}
	var b strings.Builder
	for _, name := range s.covers {
		fmt.Fprintf(&b, "%q: %s\n", name, values[name])
	}
	return b.String() + `"@signature-params": ` + s.input() + s.end
}

// request is the request as it leaves the signer.
func (s signed) request() *message.Request {
	signature, err := s.key.Sign(rand.Reader, []byte(s.base()), crypto.Hash(0))
	if err != nil {
		panic(err)
	}
	m := &message.Request{Method: s.method, Scheme: "https", Authority: s.host, Target: s.target, Body: []byte(s.body)}
	m.Header = append(append(m.Header, s.fields...),
		[2]string{"Content-Digest", digestOf(s.body)},
		[2]string{"Signature-Input", "sig1=" + s.input()},
		[2]string{"Signature", "sig1=:" + base64.StdEncoding.EncodeToString(signature) + ":"})
	return m
}

func set(m *message.Request, name, value string) {
	for i := range m.Header {
		if strings.EqualFold(m.Header[i][0], name) {
			m.Header[i][1] = value
		}
	}
}

var options = verify.Options{
	Keys:   []verify.Key{{ID: "acme", Public: private.Public()}, {ID: "other", Public: other.Public()}},
	Now:    now,
	MaxAge: 5 * time.Minute,
}

// causes are all that a report names.
func causes(r *verify.Report) (found []string) {
	for _, s := range r.Signatures {
		for _, p := range s.Problems {
			found = append(found, p.Cause)
		}
	}
	for _, p := range r.Problems {
		found = append(found, p.Cause)
	}
	return found
}

func texts(t *testing.T, r *verify.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
