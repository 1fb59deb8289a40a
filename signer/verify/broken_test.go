package verify_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/message"
	"github.com/partnersign/partnersign/signer/verify"
)

// What was not changed is valid, to both verifiers.
func TestValid(t *testing.T) {
	for name, s := range map[string]signed{
		"everything": payment(),
		"no query":   func() signed { s := payment(); s.target = "/v1/payments"; return s }(),
		"parts":      func() signed { s := payment(); s.covers = []string{"@path", "@query", "@authority"}; return s }(),
		"nothing":    func() signed { s := payment(); s.covers = nil; return s }(),
	} {
		report := verify.Request(s.request(), options)
		if !report.Valid || report.Signatures[0].HTTPSign != "valid" || report.Signatures[0].Algorithm != "ed25519" || len(report.Notes) > 0 {
			t.Errorf("%s: %s", name, texts(t, report))
		}
		if got := strings.Join(report.Signatures[0].Base, "\n"); got != strings.Replace(s.base(), "Bearer sk_live_canary", "(hidden)", 1) {
			t.Errorf("%s: the base is\n%s", name, got)
		}
	}
}

// The default port and the letter case of Host are not part of what is signed.
func TestValidHost(t *testing.T) {
	for scheme, host := range map[string]string{"https": "API.acme.example:443", "": "api.acme.example:443"} {
		m := payment().request()
		m.Scheme, m.Authority = scheme, host
		if report := verify.Request(m, options); !report.Valid || len(report.Notes) > 0 {
			t.Errorf("%s: %s", host, texts(t, report))
		}
	}
}

// Colours change nothing else.
func TestColours(t *testing.T) {
	m := payment().request()
	m.Method = "PUT"
	var plain, coloured strings.Builder
	report := verify.Request(m, options)
	if err := errors.Join(report.WriteText(&plain, false), report.WriteText(&coloured, true)); err != nil {
		t.Fatal(err)
	}
	if without := escape.ReplaceAllString(coloured.String(), ""); without != plain.String() || coloured.String() == plain.String() {
		t.Errorf("in colours it says\n%s\nand without\n%s", coloured.String(), plain.String())
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9]+m")

// Each request is broken in one way, and the report names it: the cause, and
// what was signed and what was received.
func TestBroken(t *testing.T) {
	tests := []struct {
		name    string
		sign    func(*signed)
		change  func(*message.Request)
		options func(*verify.Options)
		cause   string // all of them
		says    string // part of the text
	}{
		{name: "path decoded", cause: "path-decoded", says: "valid if the path were /v1/a%2Fb/pay:ments",
			change: func(m *message.Request) { m.Target = strings.Replace(m.Target, "%2F", "/", 1) }},
		{name: "path encoded", cause: "path-encoded", says: "valid if the path were /v1/pay:ments",
			sign: func(s *signed) { s.target = "/v1/pay:ments" }, change: func(m *message.Request) { m.Target = "/v1/pay%3Aments" }},
		{name: "reserved characters decoded", cause: "path-decoded", says: "/v1/pay%3Aments",
			sign: func(s *signed) { s.target = "/v1/pay%3Aments" }, change: func(m *message.Request) { m.Target = "/v1/pay:ments" }},
		{name: "letter case of an encoding", cause: "path-case", says: "%2Fb",
			change: func(m *message.Request) { m.Target = strings.Replace(m.Target, "%2F", "%2f", 1) }},
		{name: "slash at the end", cause: "path-slash", says: "has added the slash",
			change: func(m *message.Request) { m.Target = strings.Replace(m.Target, "?", "/?", 1) }},
		{name: "slashes merged", cause: "path-slash", says: "merged its slashes",
			sign: func(s *signed) { s.target = "/v1//payments" }, change: func(m *message.Request) { m.Target = "/v1/payments" }},
		{name: "slash doubled", cause: "path-slash", says: "doubled a slash",
			change: func(m *message.Request) { m.Target = strings.Replace(m.Target, "/v1/", "/v1//", 1) }},
		{name: "query encoding", cause: "query-encoding", says: "?x=1&y=a%20b",
			change: func(m *message.Request) { m.Target = strings.Replace(m.Target, "%20", "+", 1) }},
		{name: "query order", cause: "query-order", says: "?x=1&y=a%20b",
			change: func(m *message.Request) { m.Target = "/v1/a%2Fb/pay:ments?y=a%20b&x=1" }},
		{name: "query added to", cause: "query-added", says: "something on the way has added utm=1",
			change: func(m *message.Request) { m.Target += "&utm=1" }},
		{name: "scheme", cause: "scheme", says: "valid if the scheme were https",
			change: func(m *message.Request) { m.Scheme = "http" }},
		{name: "port", cause: "authority-port", says: "api.acme.example",
			change: func(m *message.Request) { m.Authority += ":8443" }},
		{name: "host replaced", cause: "authority-replaced", says: "valid if Host were api.acme.example",
			change: func(m *message.Request) {
				m.Authority = "10.0.0.7"
				m.Header = append(m.Header, [2]string{"X-Forwarded-Host", "api.acme.example"})
			}},
		{name: "method", cause: "method", says: "valid if the method were POST",
			change: func(m *message.Request) { m.Method = "PUT" }},
		{name: "header appended to", cause: "header-added", says: "valid if X-List were a, b",
			change: func(m *message.Request) { set(m, "X-List", "a, b, proxy") }},
		{name: "header added", cause: "header-added", says: "has added a second line",
			change: func(m *message.Request) { m.Header = append(message.Fields{{"X-List", "proxy"}}, m.Header...) }},
		{name: "white space", cause: "header-spelling", says: "white space",
			sign: func(s *signed) { s.fields[2][1] = "a,b" }, change: func(m *message.Request) { set(m, "X-List", "a, b") }},
		{name: "charset added", cause: "header-changed", says: "valid if Content-Type were application/json",
			change: func(m *message.Request) { set(m, "Content-Type", "application/json; charset=utf-8") }},
		{name: "content-type removed", cause: "header-changed", says: "valid if Content-Type were application/json",
			change: func(m *message.Request) { m.Header = m.Header.Without("Content-Type") }},
		{name: "scheme of a token", cause: "header-changed", says: "valid if Authorization were another",
			change: func(m *message.Request) { set(m, "Authorization", "bearer sk_live_canary") }},
		{name: "token removed", cause: "component-missing unknown", says: `"authorization" is covered, and the request does not have it`,
			change: func(m *message.Request) { m.Header = m.Header.Without("Authorization") }},
		{name: "another token", cause: "unknown", says: "does not fit what was received",
			change: func(m *message.Request) { set(m, "Authorization", "Bearer sk_live_canary2") }},
		{name: "two things at once", cause: "path-decoded", says: "; and valid if Content-Type were",
			change: func(m *message.Request) {
				m.Target = strings.Replace(m.Target, "%2F", "/", 1)
				set(m, "Content-Type", "application/json; charset=utf-8")
			}},

		{name: "JSON compacted", cause: "body-reserialised", says: "had spaces behind",
			sign:   func(s *signed) { s.body = `{"to": "a/b, c", "amount": 12.50}` },
			change: func(m *message.Request) { m.Body = []byte(`{"to":"a/b, c","amount":12.50}`) }},
		{name: "JSON indented", cause: "body-reserialised", says: "it was compact",
			sign:   func(s *signed) { s.body = `{"to":"a/b","amount":12.50}` },
			change: func(m *message.Request) { m.Body = []byte("{\n  \"to\": \"a/b\",\n  \"amount\": 12.50\n}") }},
		{name: "JSON sorted, digest made anew", cause: "body-reserialised", says: "made the digest anew",
			sign: func(s *signed) { s.body = `{"amount":12.50,"to":"a"}` },
			change: func(m *message.Request) {
				m.Body = []byte(`{"to":"a","amount":12.50}`)
				set(m, "Content-Digest", digestOf(string(m.Body)))
			}},
		{name: "line break", cause: "body-whitespace", says: "added a line break",
			change: func(m *message.Request) { m.Body = append(m.Body, '\n') }},
		{name: "digest over the decompressed body", cause: "body-compressed", says: "before it was compressed",
			change: func(m *message.Request) {
				m.Body = gzipped(m.Body)
				m.Header = append(m.Header, [2]string{"Content-Encoding", "gzip"})
			}},
		{name: "decompressed after signing", cause: "body-decompressed", says: "the body is not compressed",
			sign: func(s *signed) {
				s.body = string(gzipped([]byte(s.body)))
				s.fields = append(s.fields, [2]string{"Content-Encoding", "gzip"})
			},
			change: func(m *message.Request) { m.Body = []byte(payment().body) }},
		{name: "body changed", cause: "body-changed", says: "changed the body after it was signed",
			change: func(m *message.Request) { m.Body = []byte(`{"to":"mallory"}`) }},
		{name: "digest in hexadecimal", cause: "digest-encoding", says: "in hexadecimal",
			sign:   func(s *signed) { s.covers = s.covers[:2] },
			change: func(m *message.Request) { set(m, "Content-Digest", hexDigest(m.Body)) }},

		{name: "stale", cause: "stale", says: "10m0s before now", sign: func(s *signed) { s.created -= 600 }},
		{name: "clock ahead", cause: "clock-ahead", says: "1m0s after now", sign: func(s *signed) { s.created += 60 }},
		{name: "milliseconds", cause: "clock", says: "in milliseconds", sign: func(s *signed) { s.created *= 1000 }},
		{name: "expired", cause: "expired", says: "expires is 2026-03-08T06:01:43Z, 20s before now",
			sign: func(s *signed) { s.created -= 60; s.more = ";expires=1772949703" }},
		{name: "wrong key", cause: "wrong-key", says: "was made with the key other", sign: func(s *signed) { s.key = other }},
		{name: "unknown key", cause: "unknown", says: "another key has made it", sign: func(s *signed) { s.key = ed25519Key(3) }},
		{name: "unknown key id", cause: "key-unknown", says: `"acme-2025", and no key`, sign: func(s *signed) { s.keyID = "acme-2025" }},
		{name: "alg", cause: "algorithm", says: `alg is "rsa-pss-sha512"`, sign: func(s *signed) { s.more = `;alg="rsa-pss-sha512"` }},
		{name: "base with a line break", cause: "base", says: "ends in a line break", sign: func(s *signed) { s.end = "\n" }},
		{name: "double signature", cause: "unknown signed-twice", says: "sig1 is there 2 times",
			change: func(m *message.Request) {
				second := payment()
				second.target = "/elsewhere"
				again := second.request()
				set(m, "Signature-Input", m.Header.Get("Signature-Input")+", "+again.Header.Get("Signature-Input"))
				set(m, "Signature", m.Header.Get("Signature")+", "+again.Header.Get("Signature"))
			}},
		{name: "labels mixed up", cause: "labels labels", says: "put together from two signings",
			change: func(m *message.Request) {
				second := payment()
				second.created++
				input := second.request().Header
				set(m, "Signature-Input", input.Get("Signature-Input")+", sig2"+strings.TrimPrefix(m.Header.Get("Signature-Input"), "sig1"))
				set(m, "Signature", m.Header.Get("Signature")+", sig2"+strings.TrimPrefix(input.Get("Signature"), "sig1"))
			}},
		{name: "signature removed", cause: "malformed signature-missing", says: "has removed or added one",
			change: func(m *message.Request) { m.Header = m.Header.Without("Signature") }},
		{name: "input removed", cause: "input-missing", says: "no Signature-Input",
			change: func(m *message.Request) { m.Header = m.Header.Without("Signature-Input") }},
		{name: "not signed", cause: "unsigned", says: "was not signed",
			change: func(m *message.Request) {
				m.Header = m.Header.Without("Signature-Input").Without("Signature")
			}},
		{name: "another label", cause: "label", says: "there is sig1", options: func(o *verify.Options) { o.Label = "sig2" }},
		{name: "not base64", cause: "malformed", says: "not base64",
			change: func(m *message.Request) { set(m, "Signature", "sig1=:!!:") }},
		{name: "no dictionary", cause: "malformed", says: "cannot be read",
			change: func(m *message.Request) { set(m, "Signature-Input", "sig1") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, o := payment(), options
			if tt.sign != nil {
				tt.sign(&s)
			}
			m := s.request()
			if tt.change != nil {
				tt.change(m)
			}
			if tt.options != nil {
				tt.options(&o)
			}
			begin := time.Now()
			report := verify.Request(m, o)
			text := texts(t, report)
			if got := strings.Join(causes(report), " "); report.Valid || got != tt.cause {
				t.Errorf("the causes are %q, want %q", got, tt.cause)
			}
			if !strings.Contains(text, tt.says) || strings.Contains(text, "canary") {
				t.Errorf("it does not say %q, or says a secret:\n%s", tt.says, text)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			for _, note := range report.Notes {
				if strings.Contains(note, "do not agree") && tt.name != "double signature" {
					t.Error(note)
				}
			}
		})
	}
}

func hexDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + hex.EncodeToString(sum[:]) + ":"
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}
