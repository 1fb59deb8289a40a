package capture

import (
	"maps"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		want          values // nil: no match
	}{
		{"/a/:x/b", "/a/1/b", values{"x": "1"}},
		{"/a/:x/b", "/a/1%2F2/b", values{"x": "1%2F2"}},
		{"/a/:x/b", "/a/%31/b", values{"x": "%31"}},
		{"/a/:x/b", "/a//b", nil},
		{"/a/:x/b", "/a/1/2/b", nil},
		{"/a/:x/b", "/a/1/b/", nil},
		{"/a/:x/b", "/a/1", nil},
		{"/a/:x/b", "/a/1/B", nil},
		{"/a/:x", "/a/", nil},
		{"/a/:x", "/a", nil},
		{"/:x/:y", "/1/2", values{"x": "1", "y": "2"}},
		{"/*/:y", "/1/2", values{"y": "2"}},
		{"/*/:y", "//2", nil},
		{"/a/", "/a/", values{}},
		{"/a/", "/a", nil},
		{"/", "/", values{}},
		{"/v1:batch/:x", "/v1:batch/1", values{"x": "1"}},
	} {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := p.match(test.path)
		if ok != (test.want != nil) || !maps.Equal(got, test.want) {
			t.Errorf("%s on %s: %v, %v", test.pattern, test.path, got, ok)
		}
	}
}

func TestOverlaps(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"/a/:x", "/a/:y", true}, {"/a/*", "/a/b", true}, {"/a/:x", "/b/:x", false}, {"/a/:x", "/a", false}, {"/a/:x", "/a/", false},
	} {
		a, _ := parsePattern(test.a)
		b, _ := parsePattern(test.b)
		if a.overlaps(b) != test.want || b.overlaps(a) != test.want {
			t.Errorf("%s and %s: want %v", test.a, test.b, test.want)
		}
	}
}

// No two flows have one key, however their parts are cut.
func FuzzKeys(f *testing.F) {
	f.Add("a", "b", "a", "b")
	f.Add("1:a", "", "1", ":a")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		k := &Capture{kind: "POST /", ids: []id{{name: "x"}, {name: "y"}}}
		one, two := k.flow(scope{}, values{"x": a, "y": b}), k.flow(scope{}, values{"x": c, "y": d})
		if (one.key == two.key) != (a == c && b == d) {
			t.Errorf("%q %q and %q %q", a, b, c, d)
		}
		if k.flow(scope{upstream: a, client: b}, nil).key == k.flow(scope{upstream: b, client: a}, nil).key && a != b {
			t.Errorf("%q %q", a, b)
		}
	})
}

// Renaming an id in the configuration loses no token.
func TestKeysOutliveNames(t *testing.T) {
	kind := func(path string) string {
		p, err := parsePattern(path)
		if err != nil {
			t.Fatal(err)
		}
		return p.anonymous()
	}
	if a, b := kind("/a/:flow/b"), kind("/a/:id/b"); a != b || !strings.Contains(a, "/b") {
		t.Errorf("%s and %s", a, b)
	}
	if a, b := kind("/a/:flow/b"), kind("/a/:flow/c"); a == b {
		t.Errorf("%s is both", a)
	}
}
