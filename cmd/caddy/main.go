// Command caddy is Caddy with partnersign: for development, tests and releases.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/partnersign/partnersign"
)

func main() {
	caddycmd.Main()
}
