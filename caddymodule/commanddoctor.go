package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func init() {
	addCommand(func() *cobra.Command {
		cmd := &cobra.Command{
			Use:   "doctor [--config <file>] [--offline]",
			Short: "Checks a configuration on the machine that it is to run on",
			Long: `
Checks what a configuration needs on this machine: secrets and keys, their files'
modes and expiry; who reaches the listeners and the admin API; the storage; and
whether the partners can be reached, with TLS and the time. All that is found is
told, each with what to do.

Nothing is signed, and no credential is sent. Each upstream, and the host of each
token endpoint, is sent one HEAD / with User-Agent: partnersign-doctor. TLS is as
configured, with a client certificate, if there is one. --offline leaves that
away. In the storage of captured tokens an entry is written, read and deleted.

Run it as the user and with the environment of the service. The status is 0, 1
when there is a problem (warnings do not count), and 2 when it was called wrongly.`,
			Example: `  caddy partnersign doctor
  sudo -u caddy caddy partnersign doctor --config /etc/caddy/Caddyfile
  systemd-run --pipe --wait -p User=caddy -p EnvironmentFile=/etc/caddy/env caddy partnersign doctor --config /etc/caddy/Caddyfile
  caddy partnersign doctor --offline --json | jq '.findings[] | select(.level == "problem")'`,
		}
		flags := cmd.Flags()
		flags.StringP("config", "c", "Caddyfile", "The configuration")
		flags.StringP("adapter", "a", "", "The configuration's adapter. Default: caddyfile, or none for .json")
		flags.Bool("offline", false, "Use no network")
		flags.Duration("timeout", 10*time.Second, "How long partners and the storage may take")
		flags.Bool("json", false, "Write JSON")
		return run(cmd, doctorCommand)
	})
}

func doctorCommand(cmd *cobra.Command, args []string) (found bool, err error) {
	if len(args) > 0 {
		return false, usage(errors.New("doctor takes no arguments: give the configuration with --config"))
	}
	d := &doctor{now: time.Now()}
	flags := cmd.Flags()
	file, _ := flags.GetString("config")
	adapter, _ := flags.GetString("adapter")
	d.offline, _ = flags.GetBool("offline")
	if d.timeout, _ = flags.GetDuration("timeout"); d.timeout <= 0 {
		return false, usage(errors.New("--timeout is positive, such as 10s"))
	}
	config, warnings, err := readConfig(file, adapter)
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok && pathErr.Path == file || errors.Is(err, errAdapter) {
		return false, err
	}
	for _, w := range warnings {
		d.add(finding{levelWarning, "", "configuration", w.String(), "correct the line; caddy adapt warns of it, too"})
	}
	if err != nil {
		d.add(finding{levelProblem, "", "configuration", err.Error(), "correct the line; caddy adapt shows the next mistake"})
	} else {
		d.examine(config)
	}
	if asJSON, _ := flags.GetBool("json"); asJSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(d.report())
	} else {
		_, err = fmt.Print(d.text(colours()))
	}
	return d.count(levelProblem) > 0, err
}

// A doctorReport is the doctor's JSON.
type doctorReport struct {
	// How many there are.
	Problems int `json:"problems"`

	// How many there are.
	Warnings int `json:"warnings"`

	// Those about partners first, each by its name.
	Findings []finding `json:"findings"`
}

func (d *doctor) report() doctorReport {
	return doctorReport{d.count(levelProblem), d.count(levelWarning), d.sorted()}
}
