package token

import (
	"encoding/binary"
	"testing"
	"time"
)

func number(n int) (id ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// A store is bounded: what is of no use goes first, then what was not used for
// the longest time.
func TestStore(t *testing.T) {
	s := newStore(4)
	use := func(n int) *entry {
		e := s.entry(number(n))
		if len(s.entries) > 4 {
			t.Fatalf("%d entries", len(s.entries))
		}
		return e
	}
	want := func(what string, numbers ...int) {
		t.Helper()
		for _, n := range numbers {
			if s.entries[number(n)] == nil {
				t.Errorf("%s: number %d is gone", what, n)
			}
		}
	}
	now := time.Now()
	first := use(1)
	for n := 2; n < 100; n++ {
		if use(n); use(1) != first {
			t.Fatalf("what is in use is gone after %d", n)
		}
	}
	want("recently used", 1, 97, 98, 99)
	kept := func(n int, life time.Duration) { use(n).current.Store(first.issue(Token{"t", now.Add(life)}, now)) }
	kept(1, time.Hour)
	use(2).retryAt = now.Add(time.Hour)
	use(3).flight = new(flight)
	kept(4, -time.Second)
	use(5)
	want("needed, though not used", 1, 2, 3, 5)
	kept(5, time.Hour)
	use(6)
	want("all needed", 2, 3, 5, 6)
}

// What was put together in another way is something else.
func TestIdentity(t *testing.T) {
	seen := map[ID]int{}
	for i, parts := range [][][]string{
		{{}}, {{""}}, {{"", ""}}, {{}, {""}}, {{""}, {}}, {{"a", "b"}}, {{"ab"}}, {{"a"}, {"b"}}, {{"b", "a"}}, {{"a", "", "b"}},
	} {
		identity := newIdentity()
		for _, p := range parts {
			identity.add(p...)
		}
		if other, ok := seen[identity.id()]; ok {
			t.Errorf("%v is the same as number %d", parts, other)
		}
		seen[identity.id()] = i
	}
}
