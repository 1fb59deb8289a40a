package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Many is what a configuration with many partners costs.
type many struct {
	Name     string // of the layout
	Target   string
	Partners int
	Load     time.Duration // from the start of the process to the first answer
	RSS      int64         // bytes of memory then
	Costs    []manyCost
}

// A manyCost is the CPU per request for some of the partners, by round.
type manyCost struct {
	Partners     string // which
	Microseconds float64
	Samples      int
}

// A layout is a way to write many partners down. Caddy tries the routes of a
// site in turn, so that where a partner stands costs, whatever it is.
type layout struct {
	name     string
	partners int
	prefixes []int // digits of the number, of four, by which routes are grouped
}

// measureMany compares one partner with many, all of them with keys in files of
// their own, and the same routes of stock reverse_proxy.
func (l *lab) measureMany(ctx context.Context, o options, r *results) error {
	if err := l.copyKeys(o.Many); err != nil {
		return err
	}
	layouts := []layout{
		{"one route", 1, nil},
		{"one list of routes", o.Many, nil},
		{"routes in groups of 100", o.Many, []int{2}},
		{"routes in groups of 10, of 10", o.Many, []int{1, 2, 3}},
	}
	for _, name := range []string{"stock", "ed25519"} {
		for _, layout := range layouts {
			m, err := l.measureLayout(ctx, o, targetOf(name), layout)
			if err != nil {
				return fmt.Errorf("%d partners, %s, %s: %w", layout.partners, name, layout.name, err)
			}
			r.Many = append(r.Many, m)
		}
	}
	return nil
}

// copyKeys makes a key file for each partner. The key is the same, so that
// samples are verified like all others.
func (l *lab) copyKeys(n int) error {
	text, err := os.ReadFile(l.keys.file(ed))
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(l.dir, "many"), 0o700); err != nil {
		return err
	}
	for i := range n {
		if err := os.WriteFile(l.manyKey(i), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) manyKey(i int) string {
	return filepath.Join(l.dir, "many", fmt.Sprintf("%04d.pem", i))
}

func (l *lab) measureLayout(ctx context.Context, o options, t target, y layout) (m many, err error) {
	m = many{Name: y.name, Target: t.Name, Partners: y.partners}
	begin := time.Now()
	name := fmt.Sprintf("many-%s-%d-%d", t.Name, y.partners, len(y.prefixes))
	p, err := startCaddy(ctx, l, name, "/0000/", func(address string) string { return site(address, l.routes(t, y)) })
	if p != nil {
		defer p.stop()
	}
	if err != nil {
		return m, err
	}
	m.Load = time.Since(begin)
	u, err := usageOf(p.pid())
	if err != nil {
		return m, err
	}
	m.RSS = u.RSS
	progress("%d partners, %s, %s: %v, %d MiB", y.partners, t.Name, y.name, m.Load.Round(time.Millisecond), m.RSS/mib)
	for range min(o.Rounds, 3) {
		for which, w := range y.workloads() {
			measured, err := l.measure(ctx, p, t.expect, w, o)
			if err != nil {
				return m, err
			}
			m.Costs = append(m.Costs, manyCost{[]string{"first", "last", "100 in turn"}[which], measured.CPU, measured.Samples})
		}
	}
	return m, nil
}

// workloads ask for the first partner, the last one, and a hundred of all in turn.
func (y layout) workloads() []workload {
	w := workloads[1]
	w.Connections = 16
	first, last, spread := w, w, w
	first.Path = "/0000/v1/payments"
	last.Path = fmt.Sprintf("/%04d/v1/payments", y.partners-1)
	spread.Path, spread.Spread = "/v1/payments", y.partners
	if y.partners == 1 {
		return []workload{first}
	}
	return []workload{first, last, spread}
}

// routes are the directives of a site with a route for each partner.
func (l *lab) routes(t target, y layout) string {
	var b bytes.Buffer
	for i := range y.partners {
		number := fmt.Sprintf("%04d", i)
		for _, digits := range y.prefixes {
			if strings.Trim(number[digits:], "0") == "" {
				fmt.Fprintf(&b, "handle /%s* {\n", number[:digits])
			}
		}
		b.WriteString(l.route(t, i))
		for _, digits := range y.prefixes {
			if strings.Trim(number[digits:], "9") == "" || i == y.partners-1 {
				b.WriteString("}\n")
			}
		}
	}
	return b.String()
}

func (l *lab) route(t target, i int) string {
	matcher := fmt.Sprintf("/%04d/* ", i)
	if t.Name == "stock" {
		return strings.Replace(l.stock(t), "reverse_proxy ", "reverse_proxy "+matcher, 1)
	}
	text := strings.Replace(l.partnersign(matcher, t), l.keys.file(ed), l.manyKey(i), 1)
	return strings.Replace(text, "{\n", fmt.Sprintf("{\n\tname acme-%04d\n", i), 1)
}
