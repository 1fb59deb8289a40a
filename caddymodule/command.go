package caddymodule

import (
	"errors"
	"fmt"
	"os"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "partnersign",
		Usage: "<command>",
		Short: "Shows, checks and prepares what partnersign does",
		Long: `
Shows, checks and prepares what partnersign does. Every command leaves with
status 0 when all is well, 1 when it has found something, and 2 when it was
called wrongly or could not do its work.`,
		CobraFunc: func(parent *cobra.Command) {
			parent.Args = cobra.ArbitraryArgs
			parent.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return fail(cmd, fmt.Errorf("there is no command partnersign %s", args[0]))
				}
				return cmd.Help()
			}
			for _, newCommand := range commands {
				parent.AddCommand(newCommand())
			}
		},
	})
}

// commands make the commands below partnersign. Each has a file of its own,
// which adds it.
var commands []func() *cobra.Command

func addCommand(newCommand func() *cobra.Command) { commands = append(commands, newCommand) }

// A commandFunc does the work of a command. found reports that there is
// something to be told by the status; an error is about the call.
type commandFunc func(cmd *cobra.Command, args []string) (found bool, err error)

// run makes f what cmd runs, with the statuses that scripts rely on.
func run(cmd *cobra.Command, f commandFunc) *cobra.Command {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(fail)
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := f(cmd, args)
		switch {
		case err != nil:
			return fail(cmd, err)
		case found:
			return errFound
		}
		return nil
	}
	return cmd
}

// errFound makes Caddy leave with status 1.
var errFound = errors.New("found")

// fail tells the error and leaves with status 2.
func fail(cmd *cobra.Command, err error) error {
	cmd.SilenceErrors = true
	fmt.Fprintf(os.Stderr, "%s: %v\nRun '%[1]s --help' for its use.\n", cmd.CommandPath(), err)
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return 2, nil })(cmd, nil)
}

// colours reports whether people read what is printed, and want colours.
func colours() bool { return coloursOn(os.Stdout) }

func coloursOn(f *os.File) bool {
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// isTerminal reports whether people may read f: it is a device, and not the one
// that nobody reads.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
