package capture_test

import (
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer/capture"
)

func TestOptionsAreChecked(t *testing.T) {
	for want, edit := range map[string]func(*capture.Options){
		"mint: expected a method":              func(o *capture.Options) { o.Mint.Method = "post" },
		"mint: answers to HEAD":                func(o *capture.Options) { o.Mint.Method = "HEAD" },
		`mint: a path begins with "/"`:         func(o *capture.Options) { o.Mint.Path = "x" },
		"mint: a path has :env twice":          func(o *capture.Options) { o.Mint.Path = "/:env/:env" },
		"mint: a name in a path":               func(o *capture.Options) { o.Mint.Path = "/:e-nv" },
		`mint: "*" stands for a whole path`:    func(o *capture.Options) { o.Mint.Path = "/**" },
		"mint: a path has no empty segments":   func(o *capture.Options) { o.Mint.Path = "/a//b" },
		"mint: a path has neither a query":     func(o *capture.Options) { o.Mint.Path = "/a?b" },
		"id: name what belongs":                func(o *capture.Options) { o.ID = nil },
		"id: the path of the mint has no :tx":  func(o *capture.Options) { o.ID = []capture.ID{{Name: "tx"}} },
		"id: :env is there twice":              func(o *capture.Options) { o.ID = append(o.ID, capture.ID{Name: "env"}) },
		"id: :env is in the path of the mint":  func(o *capture.Options) { o.ID[0].Pointer = "/env" },
		"id: a name is of letters":             func(o *capture.Options) { o.ID[0].Name = ":env" },
		"id: expected a JSON pointer":          func(o *capture.Options) { o.ID = append(o.ID, capture.ID{Name: "x", Pointer: "x"}) },
		"token: expected a JSON pointer":       func(o *capture.Options) { o.Token = "sessionToken" },
		"expires_at: expected a JSON pointer":  func(o *capture.Options) { o.ExpiresAt = "/a~2" },
		"check: expected a JSON pointer":       func(o *capture.Options) { o.Check.Pointer = "" },
		"check: the path of the mint has no :": func(o *capture.Options) { o.Check.Name = "id" },
		"send: name the calls":                 func(o *capture.Options) { o.Send = nil },
		"send: Content-Length cannot be set":   func(o *capture.Options) { o.Send[0].Header = "content-length" },
		"send: \"a b\" is not a header name":   func(o *capture.Options) { o.Send[0].Header = "a b" },
		"send: expected \"*\" or methods":      func(o *capture.Options) { o.Send[0].Methods = []string{"post"} },
		"needs the paths of the calls":         func(o *capture.Options) { o.Send[0].Paths = nil },
		"send: the path /:flow has no :env":    func(o *capture.Options) { o.Send[0].Paths = []string{"/:flow"} },
		"drop: expected status codes":          func(o *capture.Options) { o.Drop[0].Status = []int{6} },
		"does not carry the token":             func(o *capture.Options) { o.Drop[1].Call.Method = "GET" },
		"the life of a token must be positive": func(o *capture.Options) { o.Life = -1 },
	} {
		o := dynamicFlow()
		edit(&o)
		if err := capture.CheckOptions(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, o := range []capture.Options{dynamicFlow(), dynamicCheckout()} {
		if err := capture.CheckOptions(o); err != nil {
			t.Error(err)
		}
		if _, err := capture.New(o); err == nil || !strings.Contains(err.Error(), "need a store") {
			t.Errorf("without a store: %v", err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for word, want := range map[string]int{"401": 401, "2xx": 2, "5xx": 5, "599": 599} {
		if got, err := capture.ParseStatus(word); err != nil || got != want {
			t.Errorf("%s: %d, %v", word, got, err)
		}
	}
	for _, word := range []string{"", "xx", "2", "6xx", "0xx", "40xx", "401xx", "199", "600", "-1xx", "+2xx", "0401", "2XX", "4x1"} {
		if got, err := capture.ParseStatus(word); err == nil {
			t.Errorf("%q: %d", word, got)
		}
	}
}
