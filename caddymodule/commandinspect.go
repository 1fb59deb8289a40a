package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/partnersign/partnersign/internal/paint"
)

func init() {
	addCommand(func() *cobra.Command {
		cmd := &cobra.Command{
			Use:   "inspect <file>…",
			Short: "Says what files of keys and tokens hold, and until when it is good, without showing it",
			Long: `
Says what files of keys, certificates and tokens hold: the type, the id, the
thumbprint, when it expires, and whether the server can use it. Nothing secret is
shown, nor how long it is.

Each argument is a file, {file./absolute/path}, {env.NAME}, or - for the standard
input. PEM, JWK, JWK sets and JWT tell what they are; of other tokens and
passwords nothing can be told but whether they could be sent.

The status is 1 when something has expired, cannot be used, or can be read or
written by everybody on this machine.`,
			Example: `  caddy partnersign inspect /etc/partnersign/*
  caddy partnersign inspect '{env.ACME_TOKEN}' --json
  vault kv get -field=key secret/acme | caddy partnersign inspect -
  caddy partnersign inspect token --now 2026-04-01T00:00:00Z`,
		}
		flags := cmd.Flags()
		flags.String("now", "", "The time, as 2026-03-08T06:02:03Z or in Unix seconds. Default: now")
		flags.Bool("json", false, "Write JSON")
		run(cmd, inspectCommand)
		cmd.SetFlagErrorFunc(func(cmd *cobra.Command, _ error) error { return fail(cmd, usage(errFlag)) })
		return cmd
	})
}

// errFlag does not repeat what was given: it may be the secret itself.
var errFlag = errors.New("expected --now, --json, and files; a name that begins with a dash has ./ before it")

func inspectCommand(cmd *cobra.Command, args []string) (found bool, err error) {
	if len(args) == 0 {
		return false, usage(errors.New("give the files to inspect, {env.NAME}, or - for the standard input"))
	}
	now, err := timeFlag(cmd)
	if err != nil {
		return false, err
	}
	all := make([]inspected, len(args))
	for n, arg := range args {
		if err := all[n].open(arg, now); err != nil {
			return false, fmt.Errorf("argument %d: %w", n+1, err)
		}
		found = found || all[n].bad()
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		out := json.NewEncoder(os.Stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		return found, out.Encode(all)
	}
	for n := range all {
		if n > 0 {
			fmt.Println()
		}
		fmt.Print(all[n].text(now, paint.Paint(colours())))
	}
	return found, nil
}
