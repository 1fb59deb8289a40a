package caddymodule

import (
	"errors"
	"fmt"
	"io/fs"
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
			parent.Example = `  caddy partnersign explain --stand-ins --url /acme/v1/payments -d '{"amount":1}'
  caddy partnersign doctor --config /etc/caddy/Caddyfile
  caddy partnersign verify --key acme.pub.pem --request captured.http`
			documented(parent)
			parent.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return fail(cmd, usage(fmt.Errorf("there is no command partnersign %s", args[0])))
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
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return fail(cmd, usage(err)) })
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

// documented has the help of cmd, and of the commands below, end with where the
// documentation is.
func documented(cmd *cobra.Command) {
	cmd.SetHelpTemplate(cmd.HelpTemplate() + "\nFull documentation is available at:\nhttps://github.com/partnersign/partnersign/tree/main/docs\n")
}

// A usageError is about flags or arguments: the help tells more.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage makes a usageError of err, if there is one.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// fail tells the error and leaves with status 2. Of a file that cannot be read
// the help tells nothing.
func fail(cmd *cobra.Command, err error) error {
	cmd.SilenceErrors = true
	fmt.Fprintf(os.Stderr, "%s: %v\n", cmd.CommandPath(), err)
	if errors.As(err, new(usageError)) && !errors.As(err, new(*fs.PathError)) {
		fmt.Fprintf(os.Stderr, "Run '%s --help' for its use.\n", cmd.CommandPath())
	}
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
