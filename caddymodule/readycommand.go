package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "partnersign-ready",
		Usage: "[--address <url>]",
		Short: "Asks a running partnersign whether its partners have all that they need",
		Long: `
Asks the address where the directive partnersign_health answers, prints the
answer, and exits with status 1 unless everything is there. It is a probe for
containers without a shell or curl, such as Docker's HEALTHCHECK.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Example = `  caddy partnersign-ready
  caddy partnersign-ready --address http://127.0.0.1:2020/healthz
  HEALTHCHECK CMD ["caddy", "partnersign-ready"]`
			cmd.Flags().String("address", "http://127.0.0.1:2020/readyz", "The URL to ask; /healthz asks only whether Caddy serves")
			cmd.RunE = caddycmd.WrapCommandFuncForCobra(askReady)
			documented(cmd)
		},
	})
}

// askReady leaves a proxy of the environment out: it asks this machine.
func askReady(flags caddycmd.Flags) (int, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: readyTimeout + 2*time.Second}
	res, err := client.Get(flags.String("address"))
	if err != nil {
		return caddy.ExitCodeFailedStartup, fmt.Errorf("nobody answers: %w", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(os.Stdout, io.LimitReader(res.Body, 1<<20)); err != nil {
		return caddy.ExitCodeFailedStartup, err
	}
	if res.StatusCode != http.StatusOK {
		return caddy.ExitCodeFailedStartup, errors.New("not ready: " + res.Status)
	}
	return caddy.ExitCodeSuccess, nil
}
