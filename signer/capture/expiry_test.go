package capture

import (
	"testing"
	"time"
)

func TestParseExpiry(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, value := range []string{
		`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.000Z"`, `"2026-01-02T05:04:05+02:00"`,
		`1767323045`, `1767323045.0`, `1.767323045e9`, `"1767323045"`, `1767323045000`, `"1767323045000"`,
	} {
		if got, ok := parseExpiry([]byte(value)); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, %v", value, got, ok)
		}
	}
	for _, value := range []string{``, `null`, `""`, `"soon"`, `0`, `-1`, `1e300`, `true`, `{}`, `"NaN"`, `"Inf"`, `[1767323045]`} {
		if got, ok := parseExpiry([]byte(value)); ok {
			t.Errorf("%s: %v", value, got)
		}
	}
}

func TestLife(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &Capture{defaultLife: DefaultLife, expiresAt: pointer{"e"}}
	for answer, want := range map[string]time.Duration{
		`{"e":"2026-01-01T01:00:00Z"}`: time.Hour,
		`{"e":"2025-12-31T23:00:00Z"}`: 24 * time.Hour,
		`{"e":"never"}`:                24 * time.Hour,
		`{}`:                           24 * time.Hour,
	} {
		if got := c.life([]byte(answer), now).Sub(now); got != want {
			t.Errorf("%s: %v, want %v", answer, got, want)
		}
	}
	c.expiresAt = nil
	if got := c.life([]byte(`{"e":1}`), now).Sub(now); got != 24*time.Hour {
		t.Errorf("without a pointer: %v", got)
	}
}

func TestSweepDue(t *testing.T) {
	s, now := new(Sealed), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {0, false}, {sweepEvery - 1, false}, {1, true}, {-sweepEvery, true}, {sweepEvery - 1, false}} {
		now = now.Add(step.after)
		if got := s.sweepDue(now); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}

func FuzzParseExpiry(f *testing.F) {
	f.Add([]byte(`1767323045`))
	f.Add([]byte(`"2026-01-02T03:04:05Z"`))
	f.Fuzz(func(t *testing.T, value []byte) {
		if got, ok := parseExpiry(value); ok && (got.Year() < -1 || got.Year() > 10000) {
			t.Errorf("%q is %v", value, got)
		}
	})
}
