package signer_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/partnersign/partnersign/signer"
)

// FuzzParseRetryAfter has a partner answer anything. Digits are seconds, a date
// counts from the answer's own Date, and all else is nothing.
func FuzzParseRetryAfter(f *testing.F) {
	for _, seed := range [][2]string{
		{"120", ""}, {"0", ""}, {"-1", ""}, {"4294967296", ""}, {"1.5", ""}, {" 3", ""}, {"٣", ""}, {"1e3", ""},
		{"Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:00 GMT"}, {"Friday, 31-Dec-99 23:59:59 GMT", ""}, {"Fri Dec 31 23:59:59 1999", "x"},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 01 Jan 0001 00:00:00 GMT"},
	} {
		f.Add(seed[0], seed[1])
	}
	digits := regexp.MustCompile(`^[0-9]{1,9}$`)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value, date string) {
		got := signer.ParseRetryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, now)
		if got < 0 {
			t.Fatalf("%q: %s", value, got)
		}
		if digits.MatchString(value) {
			if n, _ := strconv.Atoi(value); got != time.Duration(n)*time.Second {
				t.Fatalf("%q: %s", value, got)
			}
			return
		}
		if when, err := time.Parse(http.TimeFormat, value); err == nil {
			since := now
			if sent, err := http.ParseTime(date); err == nil {
				since = sent
			}
			if want := when.Sub(since); want > 0 && got != want || want <= 0 && got != 0 {
				t.Fatalf("%q after %q: %s, want %s", value, date, got, want)
			}
			return
		}
		if !strings.Contains(value, "-") && !strings.Contains(value, " ") && got != 0 && len(value) < 10 {
			t.Fatalf("%q, neither digits nor a date: %s", value, got)
		}
	})
}

// FuzzParseUpstream: what is accepted is one authority and nothing else, as
// net/url reads it, and comes out the same when it is read again. FuzzConnect
// asks the same of the targets that clients name.
func FuzzParseUpstream(f *testing.F) {
	for _, seed := range []string{
		"https://api.acme.example", "https://API.acme.example:443", "http://localhost:080", "http://[::1]:8080", "unix//run/x.sock", "https://1.2.3.4",
		"https://user@evil", "https://a/", "https://a?", "https://a#", "https://a.", "https://[::1%25lo]", "https://bücher.example", "https://a:0", "https://a:",
		"http://127.1", "http://[::ffff:127.0.0.1]", "https://a b", "https://a\\b", "https://%61", "https://a,b", "http://evil.example", "https://xn--a", "HTTPS://a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := signer.ParseUpstream(text)
		if err != nil {
			if u != (signer.Upstream{}) {
				t.Fatalf("%q: %v beside %v", text, u, err)
			}
			return
		}
		if again, err := signer.ParseUpstream(u.String()); err != nil || again != u {
			t.Fatalf("%q: %v, and read again %v, %v", text, u, again, err)
		}
		if u.Socket != "" {
			return
		}
		if strings.ContainsAny(text, "@?#") {
			t.Fatalf("%q: more than an authority is taken", text)
		}
		if u.Authority != strings.ToLower(u.Authority) || strings.ContainsAny(u.Authority, "@/?#\\% \t\r\n,") {
			t.Fatalf("%q: authority %q", text, u.Authority)
		}
		parsed, err := url.Parse(u.String() + "/path")
		if err != nil || parsed.Host != u.Authority || parsed.Path != "/path" || parsed.User != nil {
			t.Fatalf("%q: net/url has %v, %v", text, parsed, err)
		}
		if u.Scheme == "http" {
			addr, err := netip.ParseAddr(u.Hostname())
			if u.Hostname() != "localhost" && (err != nil || !addr.Unmap().IsLoopback()) {
				t.Fatalf("%q: %s without TLS", text, u.Authority)
			}
		}
	})
}

// FuzzGlob compares with a regular expression made of the pattern.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{
		{"/wallets/**", "/wallets"}, {"/wallets/*/keys", "/wallets/a%2Fb/keys"}, {"**/keys", "/a/b/keys"}, {"/**/a/**/b", "/a/a/b/b"}, {"/a/", "/a/"},
		{"/", "/"}, {"/*", "//"}, {"/**", "/"}, {"**", "/x"}, {"/a/**/b", "/a/b"}, {"/a", "/a/"}, {"/**/", "/a/"}, {"/*/**/*", "/a//"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		glob, err := signer.ParseGlob(pattern)
		if err != nil || !strings.HasPrefix(path, "/") || len(path) > 200 || !utf8.ValidString(pattern+path) {
			return
		}
		if got, want := glob.Match(path), globExpression(pattern).MatchString(path); got != want {
			t.Fatalf("%q on %q: %v, want %v", pattern, path, got, want)
		}
	})
}

// globExpression has each segment bring its own slash; "**" is any number of them.
func globExpression(pattern string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^(?s:")
	for segment := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		switch segment {
		case "**":
			b.WriteString("(/[^/]*)*")
		case "*":
			b.WriteString("/[^/]+")
		default:
			b.WriteString("/" + regexp.QuoteMeta(segment))
		}
	}
	return regexp.MustCompile(b.String() + ")$")
}
