package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	addCommand(func() *cobra.Command {
		cmd := &cobra.Command{
			Use:   "status [--address <address> | --config <file>]",
			Short: "Shows how the partners, keys and tokens of a running Caddy stand",
			Long: `
Asks the admin API of a running Caddy, as caddy reload does, and shows what its
configuration has: each partner with its keys, tokens, last answer and last
errors, and the store of captured tokens. Names and references are shown, and no
values.

The status is 0 when every partner has all that it needs, 1 when something is
missing, and 2 when nobody could be asked.`,
			Example: `  caddy partnersign status
  caddy partnersign status --address unix//run/caddy/admin.sock
  caddy partnersign status --config /etc/caddy/Caddyfile
  caddy partnersign status --json | jq '.partners[].keys[].thumbprint'`,
		}
		flags := cmd.Flags()
		flags.String("address", "", "The admin address. Default: as --config says, or localhost:2019. With admin off there is none")
		flags.StringP("config", "c", "", "A configuration that has the admin address")
		flags.StringP("adapter", "a", "", "The configuration's adapter. Default: caddyfile, or none for .json")
		flags.Bool("json", false, "Write JSON")
		flags.Duration("timeout", 10*time.Second, "How long to wait for the answer")
		return run(cmd, statusCommand)
	})
}

func statusCommand(cmd *cobra.Command, args []string) (found bool, err error) {
	if len(args) > 0 {
		return false, usage(errors.New("status takes no arguments: give the address with --address"))
	}
	body, err := askStatus(cmd)
	if err != nil {
		return false, err
	}
	var report statusReport
	if err := json.Unmarshal(body, &report); err != nil {
		return false, fmt.Errorf("what answers is not this version of partnersign: %w", err)
	}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		_, err = os.Stdout.Write(body)
	} else {
		_, err = io.WriteString(os.Stdout, report.text(time.Now(), colours()))
	}
	return !report.Ready, err
}

func adminOff(config []byte) bool {
	var c struct{ Admin struct{ Disabled bool } }
	return json.Unmarshal(config, &c) == nil && c.Admin.Disabled
}

// askStatus finds the admin API as Caddy's own commands do, and asks it.
func askStatus(cmd *cobra.Command) ([]byte, error) {
	flags := cmd.Flags()
	address, _ := flags.GetString("address")
	file, _ := flags.GetString("config")
	adapter, _ := flags.GetString("adapter")
	var config []byte
	if file != "" && address == "" {
		var err error
		if config, err = readConfigAloud(file, adapter); err != nil {
			return nil, err
		}
		if adminOff(config) {
			return nil, fmt.Errorf("%s says admin off, so there is no status: give the admin API a socket, admin unix//run/partnersign/admin.sock|0600, or ask /readyz and /metrics", file)
		}
	}
	address, err := caddycmd.DetermineAdminAPIAddress(address, config, file, adapter)
	if err != nil {
		return nil, err
	}
	type answer struct {
		body []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		res, err := caddycmd.AdminAPIRequest(address, http.MethodGet, "/partnersign/status", nil, nil)
		if err != nil {
			answered <- answer{err: fmt.Errorf("the admin API at %s: %w", address, err)}
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		answered <- answer{body, err}
	}()
	timeout, _ := flags.GetDuration("timeout")
	select {
	case a := <-answered:
		return a.body, a.err
	case <-time.After(timeout):
		return nil, fmt.Errorf("the admin API at %s has not answered within %v", address, timeout)
	}
}
