package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/yaronf/httpsign"
)

// standIn makes the test binary a stand-in for Caddy: "signing"; "bare", which only adds
// the bearer token; "failing", which does not start.
const standIn = "DEMO_STAND_IN"

func TestMain(m *testing.M) {
	if mode := os.Getenv(standIn); mode != "" {
		standInForCaddy(mode)
		return
	}
	os.Exit(m.Run())
}

func standInForCaddy(mode string) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	if mode == "failing" {
		fmt.Fprintln(os.Stderr, "unrecognized directive: partner_proxy")
		os.Exit(1)
	}
	config, err := os.ReadFile(os.Args[3])
	check(err)
	setting := func(pattern string) string {
		return string(regexp.MustCompile(pattern).FindSubmatch(config)[1])
	}
	file := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(setting(`key (\S+)/acme-ed25519.pem`), name))
		check(err)
		return text
	}
	partner, err := url.Parse(setting(`partner_proxy (\S+)`))
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(file("acme-ca.pem"))
	block, _ := pem.Decode(file("acme-ed25519.pem"))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	check(err)

	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, "/acme")
			r.SetURL(partner)
			r.Out.Host = partner.Host
			r.Out.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(file("acme-token"))))
			if mode == "bare" {
				return
			}
			fields := httpsign.Headers("@method", "@target-uri", "authorization")
			if r.Out.Method == "POST" {
				digest, err := httpsign.GenerateContentDigestHeader(&r.Out.Body, []string{httpsign.DigestSha256})
				check(err)
				r.Out.Header.Set("Content-Digest", digest)
				r.Out.Header.Set("Idempotency-Key", uuid.NewString())
				fields.AddHeaders("content-digest", "idempotency-key")
			}
			config := httpsign.NewSignConfig().SetKeyID(keyID).SetNonce(uuid.NewString()).SetExpiresAfter(60)
			signer, err := httpsign.NewEd25519Signer(private.(ed25519.PrivateKey), config, fields)
			check(err)
			input, signature, err := httpsign.SignRequest("sig1", *signer, r.Out)
			check(err)
			r.Out.Header.Set("Signature-Input", input)
			r.Out.Header.Set("Signature", signature)
		},
	}
	check(http.ListenAndServe(setting(`\nhttp://(\S+) `), proxy))
}

func TestRun(t *testing.T) {
	for _, test := range []struct {
		mode string
		want error
	}{
		{"signing", nil},
		{"bare", errNotVerified},
	} {
		t.Run(test.mode, func(t *testing.T) {
			t.Setenv(standIn, test.mode)
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			var out strings.Builder
			if err := run(context.Background(), os.Args[0], []string{"acme"}, printer{&out, false}); !errors.Is(err, test.want) {
				t.Fatalf("%v, want %v\n%s", err, test.want, out.String())
			}
			verdict := "The partner's verdict: verified"
			if test.want != nil {
				verdict = "The partner's verdict: not verified"
			}
			if got := strings.Count(out.String(), verdict); got != 2 {
				t.Errorf("%q is there %d times in\n%s", verdict, got, out.String())
			}
			if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestRunWithoutCaddy(t *testing.T) {
	if err := run(context.Background(), "/nonexistent/caddy", []string{"acme"}, printer{new(strings.Builder), false}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a caddy: %v", err)
	}
	t.Setenv(standIn, "failing")
	err := run(context.Background(), os.Args[0], []string{"acme"}, printer{new(strings.Builder), false})
	if err == nil || !strings.Contains(err.Error(), "caddy ended: exit status 1\nunrecognized directive") {
		t.Errorf("with a caddy that lacks the module: %v", err)
	}
}

func TestUnknownPartner(t *testing.T) {
	err := run(context.Background(), os.Args[0], []string{"acme", "canary"}, printer{new(strings.Builder), false})
	if err == nil || !strings.Contains(err.Error(), "choose of acme, dfns, offblocks, dynamic, proof") {
		t.Errorf("error %v", err)
	}
}

// Every act has a block for its partner, and its files are nobody else's to read.
func TestScene(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	acts, err := newActs(actNames())
	if err != nil {
		t.Fatal(err)
	}
	scene, err := newScene(acts)
	if err != nil {
		t.Fatal(err)
	}
	defer scene.close()
	for _, a := range acts {
		for name := range a.files {
			info, err := os.Stat(scene.file(name))
			if err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(a.block, "DIR/"+name) {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
		block := scene.block(a)
		if !strings.Contains(block, a.partner.URL()+" {") || strings.Contains(block, "DIR") || !strings.Contains(scene.caddyfile, indent(indent(block))) {
			t.Errorf("%s: the block is\n%s", a.name, block)
		}
	}
}
