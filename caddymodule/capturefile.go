package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/partnersign/partnersign/signer/capture"
	"github.com/partnersign/partnersign/signer/config"
)

// parseCapture reads
//
//	capture <METHOD> <path with :name> {
//	    id :name[=<pointer>]…
//	    token <pointer>
//	    expires_at <pointer>
//	    check <pointer> :name
//	    send <Header> <METHODS|*> <path with :name>…
//	    drop <status>[,<status>…] [<METHOD> <path with :name>]
//	    strip
//	    per_client
//	}
func parseCapture(d *caddyfile.Dispenser, c *config.Config) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Err("capture: expected the method and the path of the call whose answer tells the token, such as POST /v1/:env/flow/:flow/source")
	}
	rule := config.Capture{Mint: config.CaptureCall{Method: args[0], Path: args[1]}}
	err := readBlock(d, "capture", checked, func(name string, args []string) error {
		line, ok := captureLines[name]
		if !ok {
			return unknown(d, names(captureLines)...)
		}
		if !line.read(&rule, args) {
			return d.Errf("%s: expected %s", name, line.expected)
		}
		return nil
	}, "send", "drop")
	c.Captures = append(c.Captures, rule)
	return err
}

// captureLines are the lines of a capture block. They are read, or are not as
// expected.
var captureLines = map[string]struct {
	expected string
	read     func(*config.Capture, []string) bool
}{
	"id": {"names of the path, such as :flow, or :flow=/flow/id where the answer has it", func(c *config.Capture, args []string) bool {
		for _, arg := range args {
			name, pointer, _ := strings.Cut(arg, "=")
			if !strings.HasPrefix(name, ":") {
				return false
			}
			c.ID = append(c.ID, config.CaptureID{Name: name[1:], Pointer: pointer})
		}
		return len(args) > 0
	}},
	"token":      {"a JSON pointer, such as /sessionToken", pointerLine(func(c *config.Capture) *string { return &c.Token })},
	"expires_at": {"a JSON pointer, such as /sessionExpiresAt", pointerLine(func(c *config.Capture) *string { return &c.ExpiresAt })},
	"check": {"a JSON pointer and a name of the path, such as /flow/id :flow", func(c *config.Capture, args []string) bool {
		if len(args) != 2 || !strings.HasPrefix(args[1], ":") {
			return false
		}
		c.Check = &config.CaptureCheck{Pointer: args[0], Name: args[1][1:]}
		return true
	}},
	"send": {"a header, methods and the paths of the calls, such as X-Session POST /v1/:env/flow/:flow/quote", func(c *config.Capture, args []string) bool {
		if len(args) < 3 {
			return false
		}
		s := config.CaptureSend{Header: args[0], Paths: args[2:]}
		if args[1] != "*" {
			s.Methods = strings.Split(args[1], ",")
		}
		c.Send = append(c.Send, s)
		return true
	}},
	"drop": {"status codes, such as 401 or 2xx, and maybe the method and path of a call", func(c *config.Capture, args []string) bool {
		if len(args) != 1 && len(args) != 3 {
			return false
		}
		var drop config.CaptureDrop
		for text := range strings.SplitSeq(args[0], ",") {
			code, err := capture.ParseStatus(text)
			if err != nil {
				return false
			}
			drop.Status = append(drop.Status, code)
		}
		if len(args) == 3 {
			drop.Call = &config.CaptureCall{Method: args[1], Path: args[2]}
		}
		c.Drop = append(c.Drop, drop)
		return true
	}},
	"strip":      {"nothing else on the line", flagLine(func(c *config.Capture) *bool { return &c.Strip })},
	"per_client": {"nothing else on the line", flagLine(func(c *config.Capture) *bool { return &c.PerClient })},
}

func pointerLine(into func(*config.Capture) *string) func(*config.Capture, []string) bool {
	return func(c *config.Capture, args []string) bool {
		if len(args) != 1 || !strings.HasPrefix(args[0], "/") {
			return false
		}
		*into(c) = args[0]
		return true
	}
}

func flagLine(into func(*config.Capture) *bool) func(*config.Capture, []string) bool {
	return func(c *config.Capture, args []string) bool {
		*into(c) = true
		return len(args) == 0
	}
}
