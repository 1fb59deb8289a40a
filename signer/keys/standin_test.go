package keys_test

import (
	"strings"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer/keys"
)

// Stand-ins open nothing, are the same every time, and another one for each
// reference; a key is of the algorithm that is asked for.
func TestStandIns(t *testing.T) {
	resolved := map[string]string{}
	loader := keys.Loader{StandIns: true, Resolved: func(reference, value string) { resolved[reference] = value }}
	a, b := must(loader.Secret("{env.TEST_NOT_SET}")), must(loader.Secret("{file./nowhere}"))
	one, two := must(a.Value(time.Now())), must(b.Value(time.Now()))
	if one == two || one != must(must(loader.Secret("{env.TEST_NOT_SET}")).Value(time.Now())) || !strings.HasPrefix(one, "stand-in-") {
		t.Errorf("the secrets are %q and %q", one, two)
	}
	if resolved["{env.TEST_NOT_SET}"] != one || resolved["{file./nowhere}"] != two {
		t.Errorf("told %q", resolved)
	}
	if _, err := loader.Secret("no reference"); err == nil {
		t.Error("what is no reference has a stand-in")
	}
	for _, algorithm := range []keys.Algorithm{"", keys.Ed25519, keys.ECDSAP256SHA256, keys.ECDSAP384SHA384, keys.ECDSAP521SHA512,
		keys.RSAPSSSHA512, keys.RSAv15SHA256, keys.HMACSHA256, keys.ECDSASecp256k1SHA256} {
		o := keys.KeyOptions{Algorithm: algorithm}
		key, again := must(loader.Key("/nowhere/key.pem", o)), must(loader.Key("{file./nowhere/key.pem}", o))
		if algorithm == "" {
			algorithm = keys.Ed25519
		}
		message := []byte("message")
		sig := must(key.Sign(nil, message, time.Now(), keys.DER))
		if key.Algorithm() != algorithm {
			t.Errorf("%s: it is of %s", algorithm, key.Algorithm())
		}
		if algorithm == keys.HMACSHA256 {
			continue
		}
		if algorithm != keys.ECDSASecp256k1SHA256 && !verify(key.Public(), algorithm, message, sig, keys.DER) {
			t.Errorf("%s: it does not sign", algorithm)
		}
		thumbprint := must(key.Thumbprint())
		if thumbprint != must(again.Thumbprint()) || thumbprint == must(must(loader.Key("/nowhere/other.pem", o)).Thumbprint()) {
			t.Errorf("%s: it is not the same each time, or the same for all", algorithm)
		}
	}
}

// What real references stand for is told, too, and nothing without asking.
func TestResolved(t *testing.T) {
	t.Setenv("TEST_SECRET", "token\n")
	resolved := map[string]string{}
	loader := keys.Loader{Resolved: func(reference, value string) { resolved[reference] = value }}
	must(loader.Text("Bearer {env.TEST_SECRET} {time.now.unix}"))
	key := must(loader.Key("{file."+tempFile(t, testdata(t, "test-key-ed25519.key.pem"))+"}", keys.KeyOptions{}))
	if len(resolved) != 2 || resolved["{env.TEST_SECRET}"] != "token" || resolved["{key.thumbprint}"] != must(key.Thumbprint()) {
		t.Errorf("told %q", resolved)
	}
}
