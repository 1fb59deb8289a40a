package partnertest

import (
	"strings"
	"testing"
)

// TestComponents has the examples of RFC 9421, sections 2.1 and 2.2, and what they leave
// open.
func TestComponents(t *testing.T) {
	structured := Fields{
		{"Host", "www.example.com"},
		{"Date", "Tue, 20 Apr 2021 02:07:56 GMT"},
		{"X-OWS-Header", "Leading and trailing whitespace."},
		{"Cache-Control", "max-age=60"},
		{"Cache-Control", "must-revalidate"},
		{"Empty-Header", ""},
		{"Example-Dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c), d"},
		{"Example-List", "a,   a"},
		{"Example-Item", `"x";  a`},
		{"Priority", "u=1,   u=2"},
		{"Example-Header", "value, with, lots"},
		{"Example-Header", "of, commas"},
	}
	for _, test := range []struct {
		id, target, authority, want string
	}{
		{`"@method"`, "", "", "POST"},
		{`"@scheme"`, "", "", "https"},
		{`"@authority"`, "", "", "www.example.com"},
		{`"@authority"`, "", "WWW.Example.com:443", "www.example.com"},
		{`"@authority"`, "", "example.com:80", "example.com:80"},
		{`"@target-uri"`, "/path?param=value", "", "https://www.example.com/path?param=value"},
		{`"@target-uri"`, "https://www.example.com/path", "", "https://www.example.com/path"},
		{`"@target-uri"`, "*", "", "https://www.example.com"},
		{`"@request-target"`, "/path?param=value", "", "/path?param=value"},
		{`"@request-target"`, "*", "", "*"},
		{`"@path"`, "/a%2Fb//c?d", "", "/a%2Fb//c"},
		{`"@path"`, "https://www.example.com", "", "/"},
		{`"@path"`, "https://www.example.com/a?b://c", "", "/a"},
		{`"@query"`, "/path?param=value&foo=bar&baz=bat%2Dman", "", "?param=value&foo=bar&baz=bat%2Dman"},
		{`"@query"`, "/path?", "", "?"},
		{`"@query"`, "/path", "", "?"},
		{`"@query-param";name="baz"`, "/path?param=value&foo=bar&baz=batman&qux=", "", "batman"},
		{`"@query-param";name="qux"`, "/path?param=value&foo=bar&baz=batman&qux=", "", ""},
		{`"@query-param";name="var"`, "/p?var=this%20is%20a%20big%0Amultiline%20value", "", "this%20is%20a%20big%0Amultiline%20value"},
		{`"@query-param";name="bar"`, "/p?bar=with+plus+whitespace", "", "with%20plus%20whitespace"},
		{`"@query-param";name="fa%C3%A7ade%22%3A%20"`, "/p?fa%C3%A7ade%22%3A%20=something", "", "something"},
		{`"@query-param";name="a"`, "/p?a=%zz*~", "", "%25zz*%7E"},
		{`"date"`, "", "", "Tue, 20 Apr 2021 02:07:56 GMT"},
		{`"x-ows-header"`, "", "", "Leading and trailing whitespace."},
		{`"cache-control"`, "", "", "max-age=60, must-revalidate"},
		{`"empty-header"`, "", "", ""},
		{`"example-dict"`, "", "", "a=1,    b=2;x=1;y=2,   c=(a   b   c), d"},
		{`"example-dict";sf`, "", "", "a=1, b=2;x=1;y=2, c=(a b c), d"},
		{`"example-dict";key="a"`, "", "", "1"},
		{`"example-dict";key="d"`, "", "", "?1"},
		{`"example-dict";key="b"`, "", "", "2;x=1;y=2"},
		{`"example-dict";key="c"`, "", "", "(a b c)"},
		{`"example-list";sf`, "", "", "a, a"},
		{`"example-item";sf`, "", "", `"x";a`},
		{`"priority";sf`, "", "", "u=2"},
		{`"example-header"`, "", "", "value, with, lots, of, commas"},
		{`"example-header";bs`, "", "", ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"},
	} {
		c, err := parseComponent(test.id)
		if err != nil {
			t.Errorf("%s: %v", test.id, err)
			continue
		}
		r := &Request{Method: "POST", Target: test.target, Scheme: "https", Authority: test.authority, Header: structured}
		if r.Authority == "" {
			r.Authority = "www.example.com"
		}
		if r.Target == "" {
			r.Target = "/path"
		}
		if got, err := c.value(r); got != test.want || err != nil {
			t.Errorf("%s of %s is %q, %v, want %q", test.id, test.target, got, err, test.want)
		}
	}
}

func TestComponentsRefuse(t *testing.T) {
	r := &Request{Method: "GET", Target: "/p?a=1&a=2", Scheme: "https", Authority: "a", Header: Fields{
		{"X", "caf\xc3\xa9"}, {"Y", "?"},
	}}
	for _, test := range []struct{ id, want string }{
		{`"absent"`, "the request does not have it"},
		{`"@query-param";name="a"`, "has it 2 times"},
		{`"@query-param";name="b"`, "the request does not have it"},
		{`"@query-param"`, "is not a string"},
		{`"@status"`, "is no derived component of a request"},
		{`"@method";req`, "this is no response"},
		{`"y";tr`, "in the trailers"},
		{`"y";bs;sf`, "bs beside sf"},
		{`"y";foo`, "which y cannot have"},
		{`"@path";sf`, "which @path cannot have"},
		{`"y";sf`, "not a structured field"},
		{`"y";key="a"`, "not a dictionary"},
		{`"x"`, "not printable ASCII"},
		{`"Y"`, "not in lower case"},
		{`y`, "not a string in quotation marks"},
		{`"y";bs;bs`, "there twice"},
	} {
		c, err := parseComponent(test.id)
		if err == nil {
			_, err = c.value(r)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.id, err, test.want)
		}
	}
}

func TestParseInput(t *testing.T) {
	in, err := parseInput(`("@method" "x;y(";key=" \"a\" ");created=1;nonce="a;b\\";flag`)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.components) != 2 || in.components[1].name != "x;y(" || in.components[1].params.Get("key") != `" \"a\" "` {
		t.Errorf("components %q", in.components)
	}
	if nonce, ok := in.param("nonce"); nonce != `a;b\` || !ok {
		t.Errorf("nonce %q", nonce)
	}
	if _, ok := in.param("flag"); !ok {
		t.Error("the flag is lost")
	}
	for _, test := range []struct{ text, want string }{
		{``, "not a list of components"},
		{`"@method"`, "not a list of components"},
		{`("@method"`, "not a list of components"},
		{`("@method" "@method")`, "listed twice"},
		{`("a";sf;bs "a";bs;sf)`, "listed twice"},
		{`("a")created=1`, "not a list of components"},
		{`("a");created=1;created=2`, "there twice"},
		{`("a");Created=1`, "no parameters"},
		{`(a)`, "not a string"},
		{`("a"  "b")`, "not a string"},
	} {
		if _, err := parseInput(test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.text, err, test.want)
		}
	}
}

func TestMembers(t *testing.T) {
	fields, err := members(`sig1=("a, b" "c");nonce="),\"", sig2=:AAAA:`)
	if err != nil || len(fields) != 2 || fields.Get("sig2") != ":AAAA:" {
		t.Errorf("got %q, %v", fields, err)
	}
	for _, wrong := range []string{"a", "A=1", "=1", "a=1,", "a=1, a=2", ","} {
		if _, err := members(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
	if fields, err := members(""); fields != nil || err != nil {
		t.Errorf("nothing is %q, %v", fields, err)
	}
}
