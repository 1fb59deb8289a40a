package httpsig

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// request is a request line and headers, "Name: value" each.
func request(method, target string, headers ...string) *signer.Request {
	path, query, hasQuery := strings.Cut(target, "?")
	r := &signer.Request{
		Method: method, Scheme: "https", Authority: "example.com", Path: path, Query: query, HasQuery: hasQuery,
		Header: http.Header{}, Now: time.Unix(1618884473, 0), Record: new(signer.Record),
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		r.Header.Add(name, strings.TrimPrefix(value, " "))
	}
	return r
}

// value is what a component has in the base.
func value(t testing.TB, spelled string, r *signer.Request) (string, error) {
	t.Helper()
	c, err := ParseComponent(spelled)
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.appendValue(nil, r)
	return string(v), err
}

// Section 2.2: derived components, with the RFC's own examples.
func TestDerivedComponents(t *testing.T) {
	const params = "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something"
	for _, test := range []struct{ target, component, want string }{
		{"/path?param=value", "@method", "POST"},
		{"/path?param=value", "@target-uri", "https://example.com/path?param=value"},
		{"/path", "@target-uri", "https://example.com/path"},
		{"/path?", "@target-uri", "https://example.com/path?"},
		{"/path", "@authority", "example.com"},
		{"/path", "host", "example.com"},
		{"/path", "@scheme", "https"},
		{"/path?param=value", "@request-target", "/path?param=value"},
		{"/path?param=value", "@path", "/path"},
		{"/", "@path", "/"},
		{"/a%2Fb/%e2%82%ac", "@path", "/a%2Fb/%e2%82%ac"},
		{"/path?param=value&foo=bar&baz=bat%2Dman", "@query", "?param=value&foo=bar&baz=bat%2Dman"},
		{"/path?queryString", "@query", "?queryString"},
		{"/path", "@query", "?"},
		{"/path?", "@query", "?"},
		{"/path?param=value&foo=bar&baz=batman&qux=", "@query-param;name=baz", "batman"},
		{"/path?param=value&foo=bar&baz=batman&qux=", "@query-param;name=qux", ""},
		{"/path?param=value&foo", "@query-param;name=foo", ""},
		{params, "@query-param;name=var", "this%20is%20a%20big%0Amultiline%20value"},
		{params, "@query-param;name=bar", "with%20plus%20whitespace"},
		{params, "@query-param;name=fa%C3%A7ade%22%3A%20", "something"},
		{"/?a=%7E*-._%2f%zz%", "@query-param;name=a", "%7E*-._%2F%25zz%25"},
		{"/?%61=1", "@query-param;name=a", "1"},
		{"/?a=b=c", "@query-param;name=a", "b%3Dc"},
	} {
		got, err := value(t, test.component, request("POST", test.target))
		if err != nil || got != test.want {
			t.Errorf("%s of %s: %q, %v; want %q", test.component, test.target, got, err, test.want)
		}
	}
}

// Section 2.1: header fields, with the RFC's own examples.
func TestHeaderFields(t *testing.T) {
	r := request("GET", "/",
		"Date: Tue, 20 Apr 2021 02:07:56 GMT",
		"X-OWS-Header:   Leading and trailing whitespace.   \t",
		"X-Empty-Header:",
		"Cache-Control: max-age=60", "Cache-Control:    must-revalidate",
		"Example-Dict:  a=1,    b=2;x=1;y=2,   c=(a   b   c), d",
		"Example-Header: value, with, lots", "Example-Header: of, commas",
		"Example-List: a,  b;x ,(c   d)",
		"Example-Item: 1.50",
		"Priority: a, a",
	)
	for component, want := range map[string]string{
		"date":                  "Tue, 20 Apr 2021 02:07:56 GMT",
		"x-ows-header":          "Leading and trailing whitespace.",
		"x-empty-header":        "",
		"cache-control":         "max-age=60, must-revalidate",
		"example-dict":          "a=1,    b=2;x=1;y=2,   c=(a   b   c), d",
		"example-dict;sf":       "a=1, b=2;x=1;y=2, c=(a b c), d",
		"example-dict;key=a":    "1",
		"example-dict;key=b":    "2;x=1;y=2",
		"example-dict;key=c":    "(a b c)",
		"example-dict;key=d":    "?1",
		"example-header":        "value, with, lots, of, commas",
		"example-header;bs":     ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:",
		"x-ows-header;bs":       ":TGVhZGluZyBhbmQgdHJhaWxpbmcgd2hpdGVzcGFjZS4=:",
		"example-list;sf":       "a, b;x, (c d)",
		"example-item;sf":       "1.5",
		"priority;sf":           "a", // a dictionary, whatever it looks like
		"EXAMPLE-ITEM":          "1.50",
		"example-dict;sf;key=b": "2;x=1;y=2",
	} {
		got, err := value(t, component, r)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", component, got, err, want)
		}
	}
}

// What cannot be covered is refused, never left out and never escaped.
func TestUncoverable(t *testing.T) {
	r := request("GET", "/?twice=1&twice=2&bad=%ff&ünicode=1", "X-Not-Structured: a=(", "X-Dict: a=1", "User-Agent:")
	r.Header["X-Newline"] = []string{"a\n\"@method\": DELETE"}
	r.Header["X-Return"] = []string{"a\r"}
	r.Header["X-Nul"] = []string{"a\x00"}
	r.Header["X-Latin"] = []string{"caf\xe9"}
	r.Header["X-None"] = []string{}
	for component, want := range map[string]string{
		"x-absent":                 "lacks",
		"x-none":                   "lacks",
		"user-agent":               "lacks", // net/http sends no empty one
		"x-dict;key=b":             "lacks",
		"@query-param;name=absent": "lacks",
		"@query-param;name=twice":  "more than once",
		"@query-param;name=bad":    "not UTF-8",
		"@query":                   "not printable ASCII",
		"@target-uri":              "not printable ASCII",
		"x-newline":                "not printable ASCII",
		"x-return":                 "not printable ASCII",
		"x-nul":                    "not printable ASCII",
		"x-latin":                  "not printable ASCII",
		"x-not-structured;sf":      "not a structured field",
		"x-not-structured;key=a":   "not a dictionary",
	} {
		c, err := ParseComponent(component)
		if err != nil {
			t.Fatal(err)
		}
		s := &Signature{components: []Component{c}}
		_, _, err = s.appendBase(nil, r, "", nil)
		var problem *signer.Problem
		if !errors.As(err, &problem) || problem.Status != 400 || !strings.Contains(problem.Detail, want) {
			t.Errorf("%s: %v, want a 400 with %q", component, err, want)
		}
	}
}

// With "?" a component that is absent is left out of the base and the input.
func TestConditionalComponents(t *testing.T) {
	s := &Signature{}
	for _, spelled := range []string{"@method", "@query?", "content-digest?", "x-dict;key=b?", "@query-param;name=page?", "x-here?"} {
		c, err := ParseComponent(spelled)
		if err != nil {
			t.Fatal(err)
		}
		s.components = append(s.components, c)
	}
	base, params, err := s.appendBase(nil, request("GET", "/", "X-Dict: a=1", "X-Here: yes"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "\"@method\": GET\n\"x-here\": yes\n\"@signature-params\": (\"@method\" \"x-here\")"; string(base) != want {
		t.Errorf("base\n%s\nwant\n%s", base, want)
	}
	if want := `("@method" "x-here")`; string(base[params:]) != want {
		t.Errorf("params %s, want %s", base[params:], want)
	}
	// Present, but unusable, is not absent.
	if _, _, err := s.appendBase(nil, request("GET", "/?page=1&page=2"), "", nil); err == nil {
		t.Error("a repeated query parameter was left out")
	}
}
