// Command demo shows partnersign at work: a plain request goes into a Caddy with the
// module, and a partner receives, and verifies, a signed one.
//
//	demo <path to a caddy built with partnersign>
//
// Everything happens on 127.0.0.1, with a key, a token and a certificate made for the
// occasion in a temporary directory that is removed at the end. The exit status is 0
// when the partner has verified every request.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// patience is how long the demo may take in all.
const patience = time.Minute

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: demo <path to a caddy built with partnersign>")
		os.Exit(2)
	}
	// A reader that leaves, as head(1) does, must not keep us from tidying up.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, patience)
	err := run(ctx, os.Args[1], printer{os.Stdout, isTerminal(os.Stdout)})
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// isTerminal says whether to colour what is written to the file.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}

var errNotVerified = errors.New("the partner did not verify every request")

// run plays the demo.
func run(ctx context.Context, caddy string, out printer) error {
	scene, err := newScene()
	if err != nil {
		return err
	}
	defer scene.close()
	proxy, err := startProxy(ctx, caddy, scene)
	if err != nil {
		return err
	}
	defer proxy.stop()

	out.intro(scene.block())
	verified := true
	for _, plain := range []struct{ method, path, body string }{
		{"POST", "/v1/payments", `{"amount": "12.50", "currency": "EUR", "to": "ACME"}`},
		{"GET", "/v1/payments?status=open", ""},
	} {
		sent, received, err := exchange(ctx, scene, plain.method, plain.path, plain.body)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, proxy.log())
		}
		out.exchange(sent, received)
		verified = verified && received.Verdict.OK
	}
	out.outro()
	if !verified {
		return errNotVerified
	}
	return nil
}

// exchange sends a request as any application would, and returns it as it was sent and
// as the partner received it.
func exchange(ctx context.Context, scene *scene, method, path, body string) (sent string, received *partnertest.Request, err error) {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+scene.proxyAddress+path, content)
	if err != nil {
		return "", nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "my-application")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	dump, err := httputil.DumpRequestOut(request, true)
	if err != nil {
		return "", nil, err
	}
	res, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return "", nil, err
	}
	if received = scene.partner.Last(); received == nil {
		return "", nil, fmt.Errorf("the partner received nothing; the proxy answered %s: %s", res.Status, answer)
	}
	scene.partner.Reset()
	return string(dump), received, nil
}
