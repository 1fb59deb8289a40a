package signer_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/signer"
)

func signerSees(target *string) func(context.Context, *signer.Request) error {
	return func(_ context.Context, r *signer.Request) error {
		*target = r.Target()
		return nil
	}
}

var guardedCalls = []signer.Match{
	must(signer.ParseMatch("POST,PUT", "/permissions/**")),
	must(signer.ParseMatch("GET", "/Wallets/*/Export")),
	must(signer.ParseMatch("*", "/users/")),
}

const isGuarded = "ends in the word guarded lets it pass"

func TestGuardedInEverySpelling(t *testing.T) {
	open := newPartner(t, signer.Options{Rules: signer.Rules{Guarded: guardedCalls}})
	listed := newPartner(t, signer.Options{Rules: signer.Rules{Guarded: guardedCalls, Allow: rules("* /** encoded_slash")}})
	lifted := newPartner(t, signer.Options{Rules: signer.Rules{Guarded: guardedCalls, Allow: rules("* /** guarded encoded_slash")}})
	for _, test := range []struct{ method, targets string }{
		{"POST", `/permissions /permissions/ /permissions/pm-1/assignments /PERMISSIONS /Permissions?x=1
			/%70ermissions /%50ermissions /permission%73/pm-1 /permissions;a=b /permissions;/pm-1 /permissions;a/
			/permissions%3ba //permissions /permissions// //permissions//pm-1 /permissions%2Fpm-1 /%2fpermissions
			/;a/permissions`},
		{"post", "/permissions /%70ERMISSIONS"},
		{"PuT", "/permissions"},
		{"GET", "/wallets/wa-1/export /WALLETS/wa-1/EXPORT /wallets/wa-1/export/ /wallets;x/wa-1;y/export;z /wallets%2Fwa-1/export"},
		{"HEAD", "/wallets/wa-1/export"},
		{"get", "/wallets/wa-1/export"},
		{"DELETE", "/users /users/ /Users// /users;x"},
	} {
		for _, target := range strings.Fields(test.targets) {
			_, res, err := ask(t, open, test.method, parse(t, target))
			wantProblem(t, res, err, signer.NotAllowed, isGuarded)
			_, res, err = ask(t, listed, test.method, parse(t, target))
			wantProblem(t, res, err, signer.NotAllowed, isGuarded)
			w, res, err := ask(t, lifted, test.method, parse(t, target))
			wantAnswer(t, res, err, 200, "")
			if line := w.last(t).line; line != test.method+" "+target {
				t.Errorf("%s %s was sent as %s", test.method, target, line)
			}
		}
	}
}

func TestNotGuarded(t *testing.T) {
	p := newPartner(t, signer.Options{Rules: signer.Rules{Guarded: guardedCalls}})
	for _, call := range []string{
		"GET /permissions", "DELETE /permissions/1", "POST /permission", "POST /v1/permissions", "POST /permissions2",
		"POST /wallets/1/export", "GET /wallets/export", "GET /wallets/1/2/export", "GET /users/1", "POST /",
	} {
		method, target, _ := strings.Cut(call, " ")
		_, res, err := ask(t, p, method, parse(t, target))
		wantAnswer(t, res, err, 200, "")
	}
}

// The advice must be the one that helps.
func TestGuardedWithDoubtfulPath(t *testing.T) {
	p := newPartner(t, signer.Options{Rules: signer.Rules{Guarded: guardedCalls, Allow: rules("POST /permissions/** guarded", "GET /**")}})
	_, res, err := ask(t, p, "POST", parse(t, "/permissions//pm-1"))
	wantProblem(t, res, err, signer.NotAllowed, "encoded_slash lets it pass")
	_, res, err = ask(t, p, "PUT", parse(t, "/permissions//pm-1"))
	wantProblem(t, res, err, signer.NotAllowed, isGuarded)
	_, res, err = ask(t, p, "POST", parse(t, "/permissions/pm-1"))
	wantAnswer(t, res, err, 200, "")
}

// Whatever is accepted has no dot segment to whoever decodes it, and is sent
// as it was matched.
func FuzzCheckPath(f *testing.F) {
	for _, target := range []string{
		"/", "/a/b?c", "/a/..;x/b", "/%2e%2E/a", "/a%2F..%2fb", `/a\..\b`, "/%5c", "//a", "/a;b/%20", "/...", "/ä", "/a%", "/%00", "/.%2e;/", "/%2525", "/a?b#c",
	} {
		f.Add(target)
	}
	p := newPartner(f, signer.Options{})
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		w, res, err := ask(t, p, "GET", u)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == 400 {
			return
		}
		if line := w.last(t).line; line != "GET "+target {
			t.Errorf("%q was sent as %q", target, line)
		}
		path, _, _ := strings.Cut(target, "?")
		decoded, err := url.PathUnescape(path)
		if err != nil {
			t.Fatal(err)
		}
		for segment := range strings.SplitSeq(strings.ReplaceAll(decoded, `\`, "/"), "/") {
			segment, _, _ = strings.Cut(segment, ";")
			if segment == "." || segment == ".." {
				t.Errorf("%q was sent", target)
			}
		}
		if strings.ContainsFunc(decoded, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q was sent with a control character", target)
		}
	})
}
