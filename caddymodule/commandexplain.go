package caddymodule

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/partnersign/partnersign/signer/explain"
	"github.com/partnersign/partnersign/signer/message"
)

func init() {
	addCommand(func() *cobra.Command {
		cmd := &cobra.Command{
			Use:   "explain [--config <file>] [<request> | -- curl … | --check <directory>]",
			Short: "Shows what becomes of a request: each step, what is signed, what would be sent",
			Long: `
Runs a request through a configuration, as the server would, and sends nothing:
each step's effect in order, the signature bases, and the headers and the body
that would go out.

Where a secret would be, its reference is shown; of a signature, its length. What
must be asked for, such as a token, is shown as <what it is>. What the client has
sent to prove who it is plays no part.

--json writes all of it, with the request, the time and the nonce, as a golden
file. --check explains each golden file of a directory anew and tells what
differs: a regression test for a configuration. With --stand-ins neither needs
any secret or key.`,
			Example: `  caddy partnersign explain --url /acme/v1/payments -d '{"amount":1}' -H 'Content-Type: application/json'
  caddy partnersign explain --config Caddyfile -- curl http://localhost:8080/acme/v1/payments -d amount=1
  caddy partnersign explain --request payment.http --now 2026-03-08T06:02:03Z
  caddy partnersign explain --stand-ins --json --url /acme/v1/payments > golden/payments.json
  caddy partnersign explain --stand-ins --check golden/`,
		}
		flags := cmd.Flags()
		flags.StringP("config", "c", "Caddyfile", "The configuration")
		flags.StringP("adapter", "a", "", "The configuration's adapter. Default: caddyfile, or none for .json")
		requestFlags(cmd)
		flags.String("client", "", "The client's address. Default: this machine's")
		flags.String("now", "", "The time, as 2026-03-08T06:02:03Z or in Unix seconds. Default: now")
		flags.String("nonce", "", "The random bytes of nonces and keys, in base64. Default: "+explain.DefaultNonce)
		flags.Bool("stand-ins", false, "Open no secret and no key: throw-away ones stand in, Ed25519 unless algorithm says otherwise")
		flags.Bool("json", false, "Write JSON: a golden file")
		flags.String("check", "", "Compare with the golden files (*.json) of a directory")
		flags.Bool("update", false, "With --check: write the files that differ anew")
		return run(cmd, explainCommand)
	})
}

func explainCommand(cmd *cobra.Command, args []string) (found bool, err error) {
	file, _ := cmd.Flags().GetString("config")
	adapter, _ := cmd.Flags().GetString("adapter")
	standIns, _ := cmd.Flags().GetBool("stand-ins")
	golden, _ := cmd.Flags().GetString("check")
	var requests []*message.Request
	if golden == "" {
		if requests, err = requestOf(cmd, args); err != nil {
			return false, err
		}
		if len(requests) > 1 {
			return false, usage(errors.New("the archive has several requests: explain takes one"))
		}
	}
	config, err := readConfigAloud(file, adapter)
	if err != nil {
		return false, err
	}
	e, err := newExplainer(config, standIns)
	if err != nil {
		return false, err
	}
	defer e.close()
	if golden != "" {
		update, _ := cmd.Flags().GetBool("update")
		return checkGolden(golden, update, e)
	}
	if err := e.complete(requests[0]); err != nil {
		return false, err
	}
	in, err := inputOf(cmd, requests[0], e.credentials)
	if err != nil {
		return false, err
	}
	explanation, err := e.explain(in)
	if err != nil {
		return false, err
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = explanation.WriteJSON(os.Stdout)
	} else {
		err = explanation.WriteText(os.Stdout, colours())
	}
	return explanation.Refused != nil, err
}

func inputOf(cmd *cobra.Command, m *message.Request, credentials []string) (explain.Input, error) {
	now, err := timeFlag(cmd)
	if err != nil {
		return explain.Input{}, err
	}
	nonce, _ := cmd.Flags().GetString("nonce")
	in := explain.NewInput(m, now, nonce, credentials...)
	in.Client, _ = cmd.Flags().GetString("client")
	if _, err := netip.ParseAddr(in.Client); in.Client != "" && err != nil {
		return in, usage(errors.New("--client is an IP address"))
	}
	return in, nil
}

// timeFlag reads --now.
func timeFlag(cmd *cobra.Command) (time.Time, error) {
	text, _ := cmd.Flags().GetString("now")
	if text == "" {
		return time.Now(), nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return now, usage(errors.New("--now is a time such as 2026-03-08T06:02:03Z, or Unix seconds"))
	}
	return now, nil
}

// checkGolden tells what differs from golden files.
func checkGolden(dir string, update bool, e *explainer) (found bool, err error) {
	n, differences, err := explain.Check(dir, update, e.explain)
	if err != nil {
		return false, err
	}
	for _, d := range differences {
		fmt.Println(d.File)
		for _, line := range d.Lines {
			fmt.Println("  " + line)
		}
	}
	switch {
	case len(differences) == 0:
		fmt.Printf("%d golden files, all as they were\n", n)
	case update:
		fmt.Printf("%d golden files, %d written anew\n", n, len(differences))
		return false, nil
	default:
		fmt.Printf("%d golden files, %d differ; --update writes them anew\n", n, len(differences))
	}
	return len(differences) > 0, nil
}
