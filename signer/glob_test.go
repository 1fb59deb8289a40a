package signer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		pattern    string
		matches    []string
		mismatches []string
	}{
		{"/", []string{"/"}, []string{"/a", "//"}},
		{"/wallets", []string{"/wallets"}, []string{"/", "/wallets/", "/Wallets", "/wallet", "/wallets2", "/wallets/1"}},
		{"/wallets/", []string{"/wallets/"}, []string{"/wallets", "/wallets/1"}},
		{"/wallets/*", []string{"/wallets/1", "/wallets/a%2Fb", "/wallets/*"}, []string{"/wallets", "/wallets/", "/wallets/1/", "/wallets/1/2"}},
		{"/wallets/*/keys", []string{"/wallets/1/keys"}, []string{"/wallets//keys", "/wallets/keys", "/wallets/1/2/keys"}},
		{"/*", []string{"/a"}, []string{"/", "/a/b"}},
		{"/a%2fb", []string{"/a%2fb"}, []string{"/a%2Fb", "/a/b"}},
		{"**", []string{"/", "/a", "/a/b/", "//"}, nil},
		{"/**", []string{"/", "/a", "/a/b/", "//"}, nil},
		{"/wallets/**", []string{"/wallets", "/wallets/", "/wallets/1", "/wallets/1/2/", "/wallets//"}, []string{"/", "/wallet", "/wallets2", "/v1/wallets"}},
		{"/**/keys", []string{"/keys", "/a/keys", "/a/b/keys", "/keys/keys"}, []string{"/", "/keys/", "/a/keys/1", "/akeys"}},
		{"**/keys", []string{"/keys", "/a/b/keys"}, []string{"/keys/1"}},
		{"/a/**/z", []string{"/a/z", "/a/b/z", "/a/b/c/z", "/a/z/z", "/a//z"}, []string{"/a", "/z", "/a/z/b", "/b/z"}},
		{"/a/**/*", []string{"/a/b", "/a/b/c"}, []string{"/a", "/a/"}},
		{"/a/**/b/**/c", []string{"/a/b/c", "/a/x/b/y/c", "/a/b/b/c/c", "/a/c/b/c"}, []string{"/a/c/b", "/a/b", "/a/c"}},
		{"/a/**/b/**", []string{"/a/b", "/a/x/b/y"}, []string{"/a", "/a/x"}},
		{"/**/a/b", []string{"/a/b", "/a/a/b", "/a/b/a/b"}, []string{"/a/b/a", "/a/b/"}},
		{"/**/**", []string{"/", "/a"}, nil},
	} {
		glob, err := signer.ParseGlob(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		for _, path := range test.matches {
			if !glob.Match(path) {
				t.Errorf("%s does not match %s", test.pattern, path)
			}
		}
		for _, path := range test.mismatches {
			if glob.Match(path) {
				t.Errorf("%s matches %s", test.pattern, path)
			}
		}
	}
}

func TestGlobRefused(t *testing.T) {
	for _, pattern := range []string{"", "a", "a/**", "*", "/a*", "/*a", "/a/***", "**a", "/a**", "//", "//a", "/a//b", "/a?", "/a#b", "/**?x=1"} {
		if _, err := signer.ParseGlob(pattern); err == nil {
			t.Errorf("%q is taken for a pattern", pattern)
		}
	}
}

// Clients choose the path: patterns must not make it expensive.
func TestGlobInLinearTime(t *testing.T) {
	glob := must(signer.ParseGlob("/**/a/**/a/**/a/**/b"))
	path := strings.Repeat("/a", 1<<19)
	done := make(chan bool, 1)
	go func() { done <- glob.Match(path) }()
	select {
	case matched := <-done:
		if matched {
			t.Error("matched")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a path of 1 MiB takes more than 10 s")
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		methods      string
		globs        []string
		method, path string
		want         bool
	}{
		{"*", nil, "GET", "/", true},
		{"*", nil, "get", "/a", true},
		{"*", []string{"/a"}, "PATCH", "/a", true},
		{"*", []string{"/a"}, "PATCH", "/b", false},
		{"*", []string{"/a", "/b"}, "PATCH", "/b", true},
		{"GET", nil, "GET", "/", true},
		{"GET", nil, "HEAD", "/", true},
		{"GET", nil, "get", "/", false},
		{"GET", nil, "POST", "/", false},
		{"HEAD", nil, "GET", "/", false},
		{"POST,HEAD", nil, "HEAD", "/", true},
		{"POST,PUT", []string{"/a"}, "PUT", "/a", true},
		{"POST,PUT", []string{"/a"}, "HEAD", "/a", false},
		{"POST,PUT", []string{"/a"}, "DELETE", "/a", false},
	} {
		match := must(signer.ParseMatch(test.methods, test.globs...))
		if got := match.Matches(test.method, test.path); got != test.want {
			t.Errorf("%s %v matches %s %s: %t", test.methods, test.globs, test.method, test.path, got)
		}
	}
	if !(signer.Match{}).Matches("GET", "/") {
		t.Error("the zero value does not match everything")
	}
}

func TestMatchRefused(t *testing.T) {
	for _, methods := range []string{"", "get", "GET,", ",GET", "GET, POST", "GET POST", "*,GET", "GET_0RTT", "ÄT"} {
		if _, err := signer.ParseMatch(methods); err == nil {
			t.Errorf("%q is taken for methods", methods)
		}
	}
	if _, err := signer.ParseMatch("*", "/a", "b"); err == nil {
		t.Error("a bad pattern is taken")
	}
}
