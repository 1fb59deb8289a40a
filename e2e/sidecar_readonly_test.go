package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/partnertest"
)

// readOnly runs its arguments in a mount namespace where nothing that the test
// can write to can be written to.
const readOnly = `
set -e
mount -o remount,bind,ro /
for at in /tmp /var/tmp /dev/shm; do
	! mountpoint -q "$at" || mount -o remount,bind,ro "$at"
done
[ -z "$XDG_DATA_HOME" ] || mount -t tmpfs tmpfs "$XDG_DATA_HOME"
for at in / /tmp /var/tmp "$SECRETS"; do
	if ( : > "$at/writable" ) 2>/dev/null; then echo "$at can be written to"; exit 3; fi
done
exec "$@"
`

// Nothing can be written, or nothing but the state directory that deploy/ gives:
// it serves, and in the second case logs no error.
func TestSidecarReadOnlyRoot(t *testing.T) {
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		lacks(t, "unshare of util-linux is not here")
	}
	namespace := []string{"--user", "--map-root-user", "--mount"}
	if output, err := exec.Command(unshare, append(namespace, "mount", "--make-rprivate", "/")...).CombinedOutput(); err != nil {
		lacks(t, "mount namespaces cannot be made here: %v %s", err, output)
	}
	for name, state := range map[string]bool{"nothing to write to": false, "a state directory": true} {
		t.Run(name, func(t *testing.T) {
			s := newSidecar(t, partnertest.Options{})
			caddy := s.command("run", "--config", s.Caddyfile, "--adapter", "caddyfile")
			cmd := s.command(append(append(namespace, "sh", "-c", readOnly, "sh"), caddy.Args...)...)
			cmd.Path, cmd.Args[0] = unshare, unshare
			cmd.Env = append(cmd.Env, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SECRETS="+s.Secrets)
			if !state {
				cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=")
			}
			s.start(cmd)
			s.serves()
			for range 3 {
				s.pay()
			}
			s.terminate(10 * time.Second)
			for line := range strings.SplitSeq(s.Output(), "\n") {
				// Caddy tells that it has no storage to clean.
				if strings.Contains(line, `"level":"error"`) && (state || !strings.Contains(line, `"logger":"tls"`)) {
					t.Errorf("it logs %s", line)
				}
			}
		})
	}
}
