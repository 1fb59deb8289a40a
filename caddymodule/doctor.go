package caddymodule

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caddyserver/caddy/v2"
)

// A finding is one thing that the doctor has looked at.
type finding struct {
	// `ok`, `warning` or `problem`.
	Level level `json:"level"`

	// Whom it is about. Absent: this machine, for all of them.
	Partner string `json:"partner,omitempty"`

	// What was looked at, in a word or two.
	Check string `json:"check"`

	// How it is.
	Found string `json:"found"`

	// What to do about it.
	Do string `json:"do,omitempty"`
}

type level string

const (
	levelOK      level = "ok"
	levelWarning level = "warning"
	levelProblem level = "problem"
)

// A doctor examines a configuration on the machine that it is to run on. It
// serves nothing, signs nothing, and sends no credential to anybody.
type doctor struct {
	timeout  time.Duration
	offline  bool
	now      time.Time
	partners []*patient
	findings []finding
	told     []finding // errors, with the whole line as Found
}

// examine looks at everything and does not stop at what it finds.
func (d *doctor) examine(config []byte) {
	var c examined
	if err := json.Unmarshal(config, &c); err != nil {
		d.errors("", "configuration", err)
		return
	}
	d.findPartners(&c)
	if len(d.partners) == 0 {
		d.add(finding{levelWarning, "", "configuration", "no route leads to a partner", "add partner_proxy to a site, or name another file with --config"})
	}
	for _, p := range d.partners {
		d.credentials(p)
	}
	d.otherSecrets(&c)
	d.listeners(&c)
	d.admin(c.Admin)
	d.store(&c)
	if !d.offline {
		d.reachAll()
	}
	d.provision(config)
}

// add adds what nobody has added before. What servers and files say is not to
// move anybody's cursor.
func (d *doctor) add(f finding) {
	f.Found, f.Do = printable(f.Found), printable(f.Do)
	if !slices.Contains(d.findings, f) {
		d.findings = append(d.findings, f)
	}
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// errors makes a problem of each line of err that was not told before. Errors of
// ours end with what to do.
func (d *doctor) errors(partner, check string, err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if strings.HasSuffix(line, ":") || d.isTold(partner, line) {
			continue
		}
		d.told = append(d.told, finding{Partner: partner, Found: line})
		found, do := line, ""
		if i := strings.LastIndex(line, ": "); i > 0 {
			found, do = line[:i], line[i+2:]
		}
		if strings.HasPrefix(do, "it can be used with ") {
			do = "give another key, or another algorithm: " + do
		}
		d.add(finding{levelProblem, partner, check, found, do})
	}
}

// isTold reports whether an error was told: of the same partner or, when line is
// about all of them, of any. In front of it there may be where it was met.
func (d *doctor) isTold(partner, line string) bool {
	return slices.ContainsFunc(d.told, func(told finding) bool {
		return (partner == "" || partner == told.Partner) && strings.HasSuffix(line, told.Found)
	})
}

// sorted are the findings by partner, with those of this machine last.
func (d *doctor) sorted() []finding {
	slices.SortStableFunc(d.findings, func(a, b finding) int {
		if (a.Partner == "") != (b.Partner == "") {
			return cmp.Compare(b.Partner, a.Partner)
		}
		return cmp.Compare(a.Partner, b.Partner)
	})
	return d.findings
}

func (d *doctor) count(l level) (n int) {
	for _, f := range d.findings {
		if f.Level == l {
			n++
		}
	}
	return n
}

// bench is a context for what is provisioned on its own: it has no admin API, no
// log, and the storage given.
func bench(storage json.RawMessage) (caddy.Context, error) {
	c, err := quietConfig(map[string]any{})
	if err != nil {
		return caddy.Context{}, err
	}
	c.StorageRaw = storage
	return caddy.ProvisionContext(c)
}

// quietConfig is a configuration that has no admin API and logs nothing.
func quietConfig(config map[string]any) (*caddy.Config, error) {
	config["admin"] = map[string]any{"disabled": true, "config": map[string]any{"persist": false}}
	config["logging"] = map[string]any{"logs": map[string]any{"default": map[string]any{"level": "FATAL"}}}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	var c caddy.Config
	return &c, caddy.StrictUnmarshalJSON(raw, &c)
}
