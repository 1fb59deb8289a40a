package e2e

import (
	"net"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

func TestConnectRefusesOthers(t *testing.T) {
	partner := newAcme(t, partnertest.Options{})
	caddy := startForward(t, connects("tunnel any", namedBlock(t, partner, "127.0.0.1", acme)), partner)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(partner.URL(), "https://"))
	for target, kind := range map[string]string{
		partnerName + ":22":                "destination-refused", // another port
		"other.example:" + port:            "destination-refused",
		"127.0.0.1:" + port:                "destination-refused", // the partner's address is not its name
		"127.0.0.1:443":                    "destination-refused",
		"localhost:443":                    "destination-refused", // a name with a loopback address
		"[::1]:443":                        "destination-refused",
		"[::ffff:127.0.0.1]:443":           "destination-refused",
		"0.0.0.0:443":                      "destination-refused",
		"169.254.169.254:443":              "destination-refused",
		"169.254.169.254:80":               "destination-refused",
		"[fd00:ec2::254]:443":              "destination-refused",
		"10.0.0.1:443":                     "destination-refused",
		"192.168.1.1:443":                  "destination-refused",
		"100.100.100.200:443":              "destination-refused",
		"224.0.0.1:443":                    "destination-refused",
		partnerName + ".:" + port:          "invalid-request",
		partnerName:                        "invalid-request",
		partnerName + ":":                  "invalid-request",
		partnerName + ":0":                 "invalid-request",
		partnerName + ":99999":             "invalid-request",
		"user@" + partnerName + ":" + port: "invalid-request",
		":" + port:                         "invalid-request",
		partnerName + ":" + port + "/x":    "invalid-request",
		partnerName + ":" + port + "?x":    "invalid-request",
	} {
		_, got := caddy.ask(t, target)
		want := 403
		if kind == "invalid-request" {
			want = 400
		}
		if got.StatusCode == 400 && want == 400 && strings.HasPrefix(got.Text, "400 Bad Request") {
			continue // net/http's own answer
		}
		t.Run(target, func(t *testing.T) { got.is(t, want, kind) })
	}
	untouched(t, partner)
}
