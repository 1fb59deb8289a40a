package signer_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/partnersign/partnersign/signer"
)

type unavailable struct{}

func (unavailable) Value(time.Time) (string, error) { return "", errBroken }

func TestHeaderStep(t *testing.T) {
	for _, test := range []struct {
		op     signer.HeaderOp
		name   string
		client string
		want   []string
	}{
		{signer.HeaderSet, "X-Version", "", []string{"ours"}},
		{signer.HeaderSet, "x-version", "X-Version: theirs\nX_Version: theirs", []string{"ours"}},
		{signer.HeaderSetAbsent, "X-Version", "", []string{"ours"}},
		{signer.HeaderSetAbsent, "X-Version", "X-Version: theirs\nX-Version: theirs, too", []string{"theirs", "theirs, too"}},
		{signer.HeaderRemove, "X-Version", "X-Version: theirs\nX_Version: theirs", nil},
		{signer.HeaderSet, "Authorization", "Authorization: theirs", []string{"ours"}},
		{signer.HeaderSet, "User-Agent", "User-Agent: theirs", []string{"ours"}},
		{signer.HeaderSetAbsent, "User-Agent", "User-Agent: theirs", []string{"theirs"}},
		{signer.HeaderSetAbsent, "User-Agent", "", []string{"ours"}},
		{signer.HeaderSetAbsent, "User-Agent", "User-Agent:", []string{"ours"}},
		{signer.HeaderRemove, "User-Agent", "User-Agent: theirs", nil},
		{signer.HeaderSet, "Accept-Encoding", "Accept-Encoding: theirs", []string{"ours"}},
		{signer.HeaderSetAbsent, "Accept-Encoding", "", []string{"ours"}},
		{signer.HeaderSetAbsent, "Accept-Encoding", "Accept-Encoding: theirs", []string{"theirs"}},
	} {
		header, err := signer.NewHeader(test.op, test.name, fixed("ours"))
		if err != nil {
			t.Fatal(err)
		}
		w := new(wire)
		req := request(t, "GET / HTTP/1.1\nHost: localhost\n"+test.client)
		res, err := newPartner(t, signer.Options{Steps: []signer.Step{header}}).Transport(w).RoundTrip(req)
		wantAnswer(t, res, err, 200, "")
		got := w.last(t).header
		wantHeaders(t, http.Header{"": got[http.CanonicalHeaderKey(test.name)]}, http.Header{"": test.want})
		if got["X_version"] != nil {
			t.Errorf("the client's X_Version is sent beside %s", test.name)
		}
	}
}

// What is signed must be what is sent: nothing below may add a header.
func TestPinnedHeaders(t *testing.T) {
	for _, test := range []struct{ client, agent, encoding string }{
		{"", "partnersign", "identity"},
		{"User-Agent:\nAccept-Encoding:", "partnersign", "identity"},
		{"Accept-Encoding:\nAccept-Encoding: br", "partnersign", "identity"},
		{"User-Agent: a\nUser-Agent: b", "partnersign", "identity"},
		{"User-Agent: curl/8\nAccept-Encoding: zstd, br", "curl/8", "zstd, br"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			wantHeaders(t, r.Header, http.Header{"User-Agent": {test.agent}, "Accept-Encoding": {test.encoding}})
		}))
		p := newPartner(t, signer.Options{Upstream: must(signer.ParseUpstream(server.URL))})
		res, err := p.Transport(server.Client().Transport).RoundTrip(request(t, "GET / HTTP/1.1\nHost: localhost\n"+test.client))
		wantAnswer(t, res, err, 200, "")
		server.Close()
	}
}

func TestHeaderStepUnavailable(t *testing.T) {
	var record *signer.Record
	header := must(signer.NewHeader(signer.HeaderSet, "X-Version", unavailable{}))
	p := newPartner(t, signer.Options{Steps: []signer.Step{header}, Observe: func(r *signer.Record) { record = r }})
	w := new(wire)
	res, err := p.Transport(w).RoundTrip(request(t, "GET / HTTP/1.1\nHost: localhost"))
	wantProblem(t, res, err, signer.CredentialUnavailable, "X-Version")
	if len(w.sent) > 0 {
		t.Error("sent without the header")
	}
	if !errors.Is(record.Problem, errBroken) || record.Outcome != signer.Unavailable {
		t.Errorf("record %+v", record)
	}
}

func TestHeaderStepRefused(t *testing.T) {
	for _, name := range []string{"", "X Y", "X:", "Ä", "Host", "content-length", "Transfer-Encoding", "Connection", "TE", "Trailer", "Upgrade", "Keep-Alive"} {
		if _, err := signer.NewHeader(signer.HeaderSet, name, fixed("ours")); err == nil {
			t.Errorf("%q can be set", name)
		}
	}
}
