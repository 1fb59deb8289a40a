// Command demo shows partnersign at work: a plain request goes into a Caddy with the
// module, and a partner receives, and verifies, a signed one.
//
//	demo <path to a caddy built with partnersign> [<partner>…]
//
// Everything happens on 127.0.0.1, with keys, tokens and certificates made for the
// occasion in a temporary directory that is removed at the end. The exit status is 0
// when the partner has verified every request.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// patience is how long the demo may take in all.
const patience = time.Minute

func main() {
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintf(os.Stderr, "usage: demo <path to a caddy built with partnersign> [%s]…\n", strings.Join(actNames(), "|"))
		os.Exit(2)
	}
	names := os.Args[2:]
	if len(names) == 0 {
		names = actNames()
	}
	// A reader that leaves, as head(1) does, must not keep us from tidying up.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, patience)
	err := run(ctx, os.Args[1], names, printer{os.Stdout, isTerminal(os.Stdout)})
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

// run plays acts.
func run(ctx context.Context, caddy string, names []string, out printer) error {
	acts, err := newActs(names)
	if err != nil {
		return err
	}
	scene, err := newScene(acts)
	if err != nil {
		return err
	}
	defer scene.close()
	proxy, err := startProxy(ctx, caddy, scene)
	if err != nil {
		return err
	}
	defer proxy.stop()

	verified := true
	for _, a := range acts {
		out.intro(a.name, scene.block(a))
		for i := range a.plain {
			e, err := a.play(ctx, scene.proxyAddress, a.plain[i])
			if err != nil {
				return fmt.Errorf("%w\n%s", err, proxy.log())
			}
			said, ok := a.judge()
			for _, received := range e.received {
				ok = ok && received.Verdict.OK
			}
			out.exchange(e, said, ok)
			verified = verified && ok
		}
	}
	out.outro()
	if !verified {
		return errNotVerified
	}
	return nil
}
