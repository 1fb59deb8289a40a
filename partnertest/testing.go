package partnertest

import "testing"

// New starts a partner for a test and closes it when the test ends. It ends the test
// when [Start] fails.
func New(t testing.TB, opts Options) *Partner {
	t.Helper()
	partner, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(partner.Close)
	return partner
}
