package signer_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnersign/partnersign/signer"
)

// skewOf sends a request to a partner that answers with these headers after a
// while. Their Date is when the answer is made, and so much later.
func skewOf(t *testing.T, method string, status int, took, date time.Duration, headers ...string) signer.Skew {
	t.Helper()
	var got signer.Skew
	synctest.Test(t, func(t *testing.T) {
		base := roundTripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(took)
			res := respond(status, "")
			res.Header.Set("Date", time.Now().Add(date).UTC().Format(http.TimeFormat))
			for _, h := range headers {
				name, value, _ := strings.Cut(h, ": ")
				if value == "" {
					res.Header.Del(name)
				} else {
					res.Header.Add(name, value)
				}
			}
			return res, nil
		})
		p := newPartner(t, signer.Options{Observe: func(r *signer.Record) { got = r.Skew }})
		res, err := p.Transport(base).RoundTrip(must(http.NewRequest(method, "https://partner.example/", nil)))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	})
	return got
}

// The clocks of a bubble begin at a whole second.
func TestSkew(t *testing.T) {
	const half = time.Second / 2
	for _, test := range []struct {
		took, date          time.Duration
		offset, uncertainty time.Duration
	}{
		{0, 0, half, half},
		{0, time.Hour, time.Hour + half, half},
		{0, -time.Hour, half - time.Hour, half},
		{4 * time.Second, 0, 2*time.Second + half, 2*time.Second + half}, // set at the begin or at the end
		{4 * time.Second, -4 * time.Second, half - 2*time.Second, 2*time.Second + half},
	} {
		got := skewOf(t, "GET", 200, test.took, test.date)
		if want := (signer.Skew{Offset: test.offset, Uncertainty: test.uncertainty}); got != want || !got.Known() {
			t.Errorf("after %v, dated %v: %v, want %v", test.took, test.date, got, want)
		}
	}
}

// Each answer tells its own Date, whatever those before it have told.
func TestSkewOfAnswersInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, date, got := time.Now(), "", signer.Skew{}
		base := roundTripper(func(*http.Request) (*http.Response, error) {
			res := respond(200, "")
			res.Header.Set("Date", date)
			return res, nil
		})
		transport := newPartner(t, signer.Options{Observe: func(r *signer.Record) { got = r.Skew }}).Transport(base)
		for _, ahead := range []time.Duration{0, 0, time.Hour, -1, 0, time.Hour} {
			want := signer.Skew{Offset: ahead + time.Second/2, Uncertainty: time.Second / 2}
			if date = start.Add(ahead).UTC().Format(http.TimeFormat); ahead < 0 {
				date, want = "today", signer.Skew{}
			}
			res, err := transport.RoundTrip(must(http.NewRequest("POST", "https://partner.example/", nil)))
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if got != want {
				t.Errorf("Date %q: %v, want %v", date, got, want)
			}
		}
	})
}

// An answer that a cache may have kept says nothing about the partner's clock.
func TestSkewOfAnswersThatMayBeKept(t *testing.T) {
	for _, test := range []struct {
		method, headers string
		known           bool
	}{
		{"GET", "Age: 0", true},
		{"GET", "Age: 1", false},
		{"POST", "Age: 1", false},
		{"GET", "Age: 0\nAge: 0", false},
		{"GET", "Age: x", false},
		{"GET", "Cache-Control: public, max-age=60", false},
		{"HEAD", "Cache-Control: max-age=60", false},
		{"POST", "Cache-Control: max-age=60", true},
		{"GET", "Cache-Control: no-store", true},
		{"GET", "Cache-Control: private, max-age=60", true},
		{"GET", "Cache-Control: max-age=0\nCache-Control: no-cache", true},
		{"GET", "Expires: Thu, 15 Feb 2024 10:00:00 GMT", false},
		{"GET", "Last-Modified: Thu, 15 Feb 2024 10:00:00 GMT", false},
		{"GET", "Last-Modified: Thu, 15 Feb 2024 10:00:00 GMT\nCache-Control: no-store", true},
		{"DELETE", "Last-Modified: Thu, 15 Feb 2024 10:00:00 GMT", true},
		{"GET", "Date: ", false},
		{"GET", "Date: Thu, 15 Feb 2024 10:00:00 GMT", false}, // twice
	} {
		got := skewOf(t, test.method, 401, 0, -time.Hour, strings.Split(test.headers, "\n")...)
		if got.Known() != test.known {
			t.Errorf("%s, %q: %v, want known %v", test.method, test.headers, got, test.known)
		}
	}
}

func TestSkewBeyond(t *testing.T) {
	for _, test := range []struct {
		skew signer.Skew
		want bool
	}{
		{signer.Skew{}, false},
		{signer.Skew{Offset: 6 * time.Second, Uncertainty: time.Second}, false},
		{signer.Skew{Offset: 6*time.Second + 1, Uncertainty: time.Second}, true},
		{signer.Skew{Offset: -6*time.Second - 1, Uncertainty: time.Second}, true},
		{signer.Skew{Offset: -time.Minute, Uncertainty: time.Minute}, false},
	} {
		if got := test.skew.Beyond(5 * time.Second); got != test.want {
			t.Errorf("%v: %v", test.skew, got)
		}
	}
}

// A record has the skew of the last answer, and none of an earlier one when
// there was no answer.
func TestSkewIsOfTheLastAnswer(t *testing.T) {
	var got []signer.Skew
	n := 0
	base := roundTripper(func(*http.Request) (*http.Response, error) {
		if n++; n > 1 {
			return nil, errBroken
		}
		res := respond(503, "")
		res.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
		return res, nil
	})
	p := newPartner(t, signer.Options{
		Retries: []signer.Retry{{Status: []int{503}, MinBackoff: time.Nanosecond, MaxBackoff: time.Nanosecond}},
		Observe: func(r *signer.Record) { got = append(got, r.Skew) },
	})
	res, err := p.Transport(base).RoundTrip(must(http.NewRequest("GET", "https://partner.example/", nil)))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if n != 2 || len(got) != 1 || got[0].Known() {
		t.Errorf("%d tries, skews %v", n, got)
	}
}
