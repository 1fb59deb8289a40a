package caddymodule

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/partnersign/partnersign/signer/config"
	"github.com/partnersign/partnersign/signer/keys"
	"github.com/partnersign/partnersign/signer/token"
)

// credentials opens all that a partner's requests are made with.
func (d *doctor) credentials(p *patient) {
	var inventory config.Inventory
	_, err := config.Build(p.transport.Config, config.Runtime{
		Inventory: &inventory,
		Loader: keys.Loader{Resolved: func(ref, value string) {
			if !strings.HasPrefix(ref, "{key.") {
				d.secret(p.name, ref, value)
			}
		}},
	})
	for _, k := range inventory.Keys {
		reading := k.Key.Look(d.now)
		found := k.Use + ": " + string(k.Key.Algorithm()) + ", " + k.Reference
		if reading.Thumbprint != "" {
			found += ", thumbprint " + reading.Thumbprint
		}
		d.add(finding{Level: levelOK, Partner: p.name, Check: "key", Found: found})
		d.mode(p.name, k.Reference)
	}
	d.errors(p.name, "credentials", err)
	if t := p.transport.TLS; t != nil && t.ClientCertificateKeyFile != "" {
		d.mode(p.name, t.ClientCertificateKeyFile)
	}
}

// otherSecrets opens what callers and senders are known by, and what captured
// tokens are encrypted under.
func (d *doctor) otherSecrets(c *examined) {
	for _, name := range slices.Sorted(maps.Keys(c.Apps.HTTP.Servers)) {
		visitObjects(mustMarshal(c.Apps.HTTP.Servers[name]), func(object map[string]json.RawMessage) {
			var handler, partner string
			_ = json.Unmarshal(object["handler"], &handler)
			_ = json.Unmarshal(object["partner"], &partner)
			if !strings.HasPrefix(handler, "partnersign_") {
				return
			}
			own := maps.Clone(object)
			delete(own, "routes")
			for _, ref := range referencePattern.FindAllString(string(mustMarshal(own)), -1) {
				d.open(partner, ref)
			}
		})
	}
	if persist := c.Apps.Partnersign.Persist; persist != nil {
		for _, ref := range append([]string{persist.Key}, persist.PreviousKeys...) {
			if _, err := sealingKey(ref); err != nil {
				d.errors("", "persist", err)
			} else {
				d.secret("", ref, "")
			}
		}
	}
}

// open opens a secret for its own sake.
func (d *doctor) open(partner, ref string) {
	loader := keys.Loader{Resolved: func(ref, value string) { d.secret(partner, ref, value) }}
	_, err := loader.Secret(ref)
	d.errors(partner, "credentials", err)
}

// secret is told of each secret that is there. Of its value only the time is
// looked at when a JWT expires.
func (d *doctor) secret(partner, ref, value string) {
	f := finding{Level: levelOK, Partner: partner, Check: "secret", Found: ref + " is there"}
	if expiry, ok := token.Expiry(value); ok {
		at := expiry.UTC().Format(time.RFC3339)
		switch left := expiry.Sub(d.now); {
		case left <= 0:
			f.Level, f.Found, f.Do = levelProblem, ref+" is a JWT that has expired at "+at, "get a new one from the partner and put it in its place, or check this machine's clock"
		case left < token.DefaultWarn:
			f.Level, f.Found, f.Do = levelWarning, ref+" is a JWT that expires in "+about(left)+", at "+at, "get a new one from the partner and put it in its place in time"
		default:
			f.Found += ", a JWT that expires at " + at
		}
	}
	d.add(f)
	d.mode(partner, ref)
}

// mode looks at who else may read or replace a file, if ref is one.
func (d *doctor) mode(partner, ref string) {
	path := strings.TrimSuffix(strings.TrimPrefix(ref, "{file."), "}")
	info, err := os.Stat(path)
	if !filepath.IsAbs(path) || err != nil { // what is missing is told elsewhere
		return
	}
	mode := info.Mode().Perm()
	f := finding{Partner: partner, Check: "file mode", Found: fmt.Sprintf("%s has mode %04o: ", path, mode), Do: "chmod 400 " + path + ", and let it belong to the user that Caddy runs as"}
	switch {
	case mode&0o002 != 0:
		f.Level, f.Found = levelProblem, f.Found+"every user of this machine can replace it"
	case mode&0o004 != 0:
		f.Level, f.Found = levelWarning, f.Found+"every user of this machine can read it"
	case mode&0o060 != 0:
		f.Level, f.Found = levelWarning, f.Found+"its group can use it, too"
	default:
		return
	}
	d.add(f)
}
