package httpsig

import (
	"strings"
	"testing"
)

func TestParseComponent(t *testing.T) {
	for spelled, id := range map[string]string{
		"@method":                          `"@method"`,
		"@query?":                          `"@query"`,
		"Content-Type":                     `"content-type"`,
		"content-digest?":                  `"content-digest"`,
		"@query-param;name=page":           `"@query-param";name="page"`,
		"@query-param;name=page?":          `"@query-param";name="page"`,
		`@query-param;name="page?"`:        `"@query-param";name="page%3F"`,
		`@query-param;name="page"?`:        `"@query-param";name="page"`,
		"@query-param;name=fa%C3%A7ade":    `"@query-param";name="fa%C3%A7ade"`,
		"@query-param;name=fa%c3%a7ade%20": `"@query-param";name="fa%C3%A7ade%20"`,
		"cache-control;sf":                 `"cache-control";sf`,
		"signature-agent;key=agent2":       `"signature-agent";key="agent2"`,
		`signature-agent;key="a;b"`:        `"signature-agent";key="a;b"`,
		`x;key="a\"b"`:                     `"x";key="a\"b"`,
		"x;sf;key=a?":                      `"x";sf;key="a"`,
		"x-bin;bs":                         `"x-bin";bs`,
		"x-bin;bs?":                        `"x-bin";bs`,
	} {
		c, err := ParseComponent(spelled)
		if err != nil {
			t.Errorf("%s: %v", spelled, err)
			continue
		}
		if c.String() != id {
			t.Errorf("%s is %s, want %s", spelled, c, id)
		}
		if want := strings.HasSuffix(spelled, "?"); c.optional != want {
			t.Errorf("%s: optional %v, want %v", spelled, c.optional, want)
		}
	}
}

func TestParseComponentErrors(t *testing.T) {
	for spelled, want := range map[string]string{
		"":                           "not the name of a header field",
		"?":                          "not the name of a header field",
		"x y":                        "not the name of a header field",
		"@status":                    "not a derived component of requests",
		"@nonsense":                  "not a derived component of requests",
		"@method?":                   "every request has it",
		"@method;sf":                 "for header fields",
		"@method;name=x":             "for @query-param",
		"@query-param":               "which needs it",
		"@query-param;name":          "needs a value",
		"@query-param;name=%zz":      "invalid percent-encoding",
		"@method;req":                "signatures of responses",
		"x;tr":                       "trailers are refused",
		"x;bs;sf":                    "cannot be combined",
		"x;bs;key=a":                 "cannot be combined",
		"x;sf;sf":                    "there twice",
		"x;sf=1":                     "has no value",
		"x;key":                      "needs a value",
		`x;key="a`:                   "closing quote",
		`x;key="a"b`:                 `expected ";"`,
		`x;key="\a"`:                 "can be escaped",
		"x;name=a":                   "for @query-param",
		"x;foo":                      "unknown parameter",
		"x=y":                        "a name has no value",
		"connection":                 "belongs to one connection",
		"transfer-encoding":          "belongs to one connection",
		"signature":                  "name the label",
		"Signature-Input":            "name the label",
		"x;key=a\x7f":                "printable ASCII",
		"@query-param;name=a\nb":     "printable ASCII",
		"@query-param;name=\"a\nb\"": "printable ASCII",
	} {
		if _, err := ParseComponent(spelled); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", spelled, err, want)
		}
	}
}

func TestParseParameter(t *testing.T) {
	for _, spelled := range []string{"created", "created=-5s", "created=-5m0s", "expires=60s", "expires=1m30s", "nonce", "nonce=64", "alg", "keyid", "tag=web-bot-auth", `tag="quoted tag"`} {
		p, err := ParseParameter(spelled)
		if err != nil {
			t.Errorf("%s: %v", spelled, err)
		}
		if again, err := ParseParameter(p.String()); err != nil || again != p {
			t.Errorf("%s is spelled %s: %v", spelled, p, err)
		}
	}
	for _, spelled := range []string{"", "created=1", "created=", "created=5s", "created=-5", "created=-10ms", "created=-301s", "created=-1h", "created=soon", "expires", "expires=-1s", "expires=10ms", "expires=soon", "nonce=1", "nonce=65", "nonce=x", "alg=x", "tag", "tag=", "tag=ä", "Created", "foo"} {
		if _, err := ParseParameter(spelled); err == nil {
			t.Errorf("%q was accepted", spelled)
		}
	}
}
