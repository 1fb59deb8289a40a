package httpsig

import "testing"

// RFC 9651 section 4.1.5: only what is less than zero has a sign.
func TestZeroHasNoSign(t *testing.T) {
	for text, want := range map[string]string{
		"-0.0":                            "0.0",
		"-0.5;a=-0.00":                    "-0.5;a=0.0",
		"-0.0, (-0.0;b=-0.0 c);d=-0.0":    "0.0, (0.0;b=0.0 c);d=0.0",
		"a=-0.0, b=(-0.0);c=-0.0, d;e=-0": "a=0.0, b=(0.0);c=0.0, d;e=0",
	} {
		if got, err := strict("x", []string{text}); got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	if got, err := memberOf([]string{"a=-0.0;b=-0.0"}, "a"); got != "0.0;b=0.0" || err != nil {
		t.Errorf("a member: %s, %v", got, err)
	}
}
