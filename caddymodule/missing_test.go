package caddymodule_test

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// TestAllThatIsMissingIsNamed has partners that lack things all over a
// configuration, in blocks that Caddy would never reach after the first.
func TestAllThatIsMissingIsNamed(t *testing.T) {
	const file = "no such file or directory: create it or correct the path"
	caddyfile := `{
		partnersign {
			persist {
				key {file./missing/store}
			}
		}
	}
	http://localhost:8081 {
		handle_path /acme/* {
			partner_proxy https://api.acme.example {
				name acme
				client_auth {file./missing/client}
				bearer {file./missing/acme}
				signature {
					key /missing/acme.pem
					key_id acme
				}
			}
		}
		handle_path /fine/* {
			partner_proxy https://api.fine.example {
				bearer {file./run/secrets/token}
			}
		}
		handle_path /trust/* {
			reverse_proxy https://api.trust.example {
				transport partnersign {
					upstream https://api.trust.example
					tls_trust_pool file /missing/ca.pem
				}
			}
		}
	}
	http://localhost:8082 {
		partnersign_verify /hook dfns {
			secret {file./missing/hook}
			secret {file./missing/hook-next}
		}
		reverse_proxy localhost:9 {
			@bad status 500
			handle_response @bad {
				partner_proxy https://api.other.example {
					basic_auth {env.NOT_SET_ANYWHERE} {file./missing/acme}
				}
			}
		}
	}
	`
	all := []string{
		"acme: client_auth: {file./missing/client}: " + file,
		"acme: bearer: {file./missing/acme}: " + file,
		"acme: signature sig1: key: {file./missing/acme.pem}: " + file,
		"api.trust.example: making TLS client config: failed to load ca module: loading module 'file': provision tls.ca_pool.source.file: " +
			"reading /missing/ca.pem: open /missing/ca.pem: no such file or directory",
		"dfns: secret: {file./missing/hook}: " + file,
		"dfns: secret: {file./missing/hook-next}: " + file,
		"api.other.example: basic_auth: {env.NOT_SET_ANYWHERE}: the environment variable is not set",
		"api.other.example: basic_auth: {file./missing/acme}: " + file,
	}
	for name, test := range map[string]struct {
		caddyfile string
		want      []string
	}{
		"partners":         {strings.Replace(caddyfile, "{file./missing/store}", "{env.STORE}", 1), all},
		"storage's key":    {caddyfile, append(all, "persist: key: {file./missing/store}: "+file)},
		"one":              {site("partner_proxy https://api.acme.example {\n name acme\n bearer {file./missing/acme}\n}"), all[1:2]},
		"one, without app": {site("partnersign_guard {\n client_auth {file./missing/client}\n}"), []string{"provision http.handlers.partnersign_guard: client_auth: {file./missing/client}: " + file}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("STORE", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
			for range 10 { // apps and servers come in any order
				err := caddy.Validate(mustAdapt(t, test.caddyfile))
				if err == nil {
					t.Fatal("this loads")
				}
				for _, want := range test.want {
					if strings.Count(err.Error(), want) != 1 {
						t.Errorf("%q is not there once: %v", want, err)
					}
				}
				if strings.Count(err.Error(), "/missing/") != strings.Count(strings.Join(test.want, ""), "/missing/") {
					t.Errorf("something else is missing or told twice: %v", err)
				}
				if t.Failed() {
					break
				}
			}
		})
	}
}
