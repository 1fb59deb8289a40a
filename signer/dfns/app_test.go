package dfns

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"

	"github.com/partnersign/partnersign/signer"
)

func TestApp(t *testing.T) {
	for _, test := range []struct {
		name string
		app  App
		want map[string]string // nonces are random
	}{
		{"id", App{ID: fixed("ap-1")}, map[string]string{"X-Dfns-Appid": "ap-1"}},
		{"id and secret", App{ID: fixed("ap-1"), Secret: fixed("s")}, map[string]string{"X-Dfns-Appid": "ap-1", "X-Dfns-Appsecret": "s", "X-Dfns-Nonce": "*"}},
		{"id and nonce", App{ID: fixed("ap-1"), Nonce: true}, map[string]string{"X-Dfns-Appid": "ap-1", "X-Dfns-Nonce": "*"}},
		{"nonce", App{Nonce: true}, map[string]string{"X-Dfns-Nonce": "*"}},
		{"nothing", App{}, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := request("GET", "/wallets", "")
			if err := test.app.Apply(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if len(r.Header) != len(test.want) {
				t.Errorf("headers %v", r.Header)
			}
			for name, want := range test.want {
				if got := r.Header[name]; len(got) != 1 || want != "*" && got[0] != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
	if owns := new(App).Owns(); !slices.Equal(owns, []string{"X-Dfns-Appid", "X-Dfns-Appsecret", "X-Dfns-Nonce"}) {
		t.Errorf("owns %q", owns)
	}
}

func TestAppUnavailable(t *testing.T) {
	for _, app := range []App{
		{ID: unavailable{}}, {ID: fixed("ap-1"), Secret: unavailable{}}, {ID: fixed("")}, {ID: fixed("ap\n1")}, {Secret: fixed("canary\xff")},
	} {
		r := request("GET", "/wallets", "")
		problem := wantProblem(t, app.Apply(t.Context(), r), signer.CredentialUnavailable, "of the Dfns application is not available")
		if strings.Contains(problem.Error(), "canary") {
			t.Errorf("%q", problem)
		}
	}
}

// No two attempts share a nonce, not even in the same instant, and it says when
// it was made.
func TestNonces(t *testing.T) {
	app, seen := App{Nonce: true}, map[string]bool{}
	zone := time.FixedZone("", 2*3600)
	for range 1000 {
		r := request("GET", "/wallets", "")
		r.Now = time.Date(2026, 3, 1, 1, 2, 3, 45_999_999, zone)
		if err := app.Apply(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var nonce struct{ UUID, Date string }
		if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(r.Header.Get("X-DFNS-NONCE"))), &nonce); err != nil {
			t.Fatal(err)
		}
		id := must(uuid.Parse(nonce.UUID))
		if seen[nonce.UUID] || id.Version() != 4 || id.Variant() != uuid.RFC4122 || nonce.Date != "2026-02-28T23:02:03.045Z" {
			t.Fatalf("nonce %+v", nonce)
		}
		seen[nonce.UUID] = true
	}
	r := request("GET", "/wallets", "")
	broken := errors.New("no randomness")
	r.Rand = iotest.ErrReader(broken)
	if err := app.Apply(t.Context(), r); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
