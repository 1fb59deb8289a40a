package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/partnersign/partnersign/signer/keys"
)

// A readiness knows whom to ask whether a configuration has all that it needs.
// It is complete once the configuration is provisioned, and does not change
// while that serves.
type readiness struct{ asked []asked }

// asked tells what is missing, of a partner or, without a name, of all.
type asked struct {
	partner string
	missing func(context.Context) []error
}

func (r *readiness) ask(partner string, missing func(context.Context) []error) {
	r.asked = append(r.asked, asked{partner, missing})
}

func (r *readiness) askSecret(partner, what string, s *keys.Secret) {
	r.ask(partner, func(context.Context) []error {
		if _, err := s.Value(time.Now()); err != nil {
			return []error{errors.New(what + ": " + err.Error())}
		}
		return nil
	})
}

// askStorage asks whether the storage answers. What it holds does not matter.
func (r *readiness) askStorage(s certmagic.Storage) {
	r.ask("", func(ctx context.Context) []error {
		if _, err := s.List(ctx, "partnersign", false); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return []error{errors.New("storage: " + err.Error())}
		}
		return nil
	})
}

// A readinessReport is the answer of /readyz.
type readinessReport struct {
	// Whether nothing at all is missing.
	Ready bool `json:"ready"`

	// What the partners share and is missing.
	Missing []string `json:"missing,omitempty"`

	// Each partner by its name.
	Partners []partnerReadiness `json:"partners"`
}

type partnerReadiness struct {
	// The partner's name.
	Name string `json:"name"`

	// Whether it has all that its requests need.
	Ready bool `json:"ready"`

	// What it needs and is missing: what it is for, its reference, and why.
	Missing []string `json:"missing,omitempty"`
}

// report asks everybody. A partner that several blocks are for is there once.
func (r *readiness) report(ctx context.Context) readinessReport {
	report := readinessReport{Ready: true, Partners: []partnerReadiness{}}
	for _, a := range r.asked {
		into := &report.Missing
		if a.partner != "" {
			into = &report.of(a.partner).Missing
		}
		for _, err := range a.missing(ctx) {
			if text := err.Error(); !slices.Contains(*into, text) {
				*into = append(*into, text)
			}
		}
	}
	report.Ready = len(report.Missing) == 0
	for i := range report.Partners {
		p := &report.Partners[i]
		p.Ready = len(p.Missing) == 0
		report.Ready = report.Ready && p.Ready
	}
	slices.SortFunc(report.Partners, func(a, b partnerReadiness) int { return cmp.Compare(a.Name, b.Name) })
	return report
}

func (r *readinessReport) of(name string) *partnerReadiness {
	i := slices.IndexFunc(r.Partners, func(p partnerReadiness) bool { return p.Name == name })
	if i < 0 {
		i = len(r.Partners)
		r.Partners = append(r.Partners, partnerReadiness{Name: name})
	}
	return &r.Partners[i]
}
