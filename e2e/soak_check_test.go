package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// check compares what the clients were told with what the partners have seen.
func (s *soak) check(t *testing.T) {
	t.Helper()
	l := s.load
	wrong := slices.Clone(l.wrong)
	for _, p := range s.partners {
		wrong = append(wrong, p.wrong...)
		for target, n := range p.seen {
			if n != 1 || l.accepted["/"+p.name+target] != 1 {
				wrong = append(wrong, fmt.Sprintf("%s has seen %s %d times, its client was told so %d times", p.name, target, n, l.accepted["/"+p.name+target]))
			}
		}
		t.Logf("%s: %d requests, %d keys; a key has signed up to %s after its withdrawal", p.name, len(p.seen), len(p.keys), p.old.Round(time.Millisecond))
		if p.old > soon {
			t.Errorf("%s: a key has signed %s after its withdrawal", p.name, p.old)
		}
		if len(p.keys) < 3 || len(p.seen) < 20 {
			t.Errorf("%s: too little has happened", p.name)
		}
	}
	for target := range l.accepted {
		name, rest, _ := strings.Cut(target[1:], "/")
		for _, p := range s.partners {
			if p.name == name && p.seen["/"+rest] == 0 {
				wrong = append(wrong, target+" was answered, and the partner has not seen it")
			}
		}
	}
	for _, refusal := range s.dfns.Refusals() {
		wrong = append(wrong, "dfns: "+refusal.Reason)
	}
	if got := l.accepted["/dfns/wallets"]; got != len(s.dfns.Writes()) {
		wrong = append(wrong, fmt.Sprintf("%d wallets were answered, %d made", got, len(s.dfns.Writes())))
	}
	for _, refusal := range s.dynamic.Refusals() {
		wrong = append(wrong, "dynamic: "+refusal.Reason)
	}
	if n := s.dynamic.Repeats(); n > 0 {
		wrong = append(wrong, fmt.Sprintf("dynamic: %d POSTs came again", n))
	}
	for _, kind := range []string{"ed25519 503 credential-unavailable", "dynamic broadcast 200", "dfns 200"} {
		if l.answers[kind] == 0 {
			wrong = append(wrong, "there was no "+kind)
		}
	}
	if l.answers["dynamic source 503 credential-unavailable"]+l.answers["dynamic quote 503 credential-unavailable"] == 0 {
		wrong = append(wrong, "the storage's outage was not noticed")
	}
	if l.unread > l.reloads {
		wrong = append(wrong, fmt.Sprintf("%d connections ended unread in %d reloads", l.unread, l.reloads))
	}
	for _, what := range wrong[:min(20, len(wrong))] {
		t.Error(what)
	}
	if len(wrong) > 20 {
		t.Errorf("and %d more", len(wrong)-20)
	}
}
