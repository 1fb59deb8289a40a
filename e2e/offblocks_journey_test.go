package e2e

import (
	"encoding/base64"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Scripts that know nothing of signing make a customer, have its challenge signed,
// change it and delete it.
func TestOffBlocksClients(t *testing.T) {
	for name, command := range map[string][]string{
		"Python": {"python3", "testdata/offblocks/customer.py"},
		"Node":   {"node", "testdata/offblocks/customer.mjs"},
	} {
		t.Run(name, func(t *testing.T) {
			needsCommand(t, command[0])
			p := offBlocksSetup{Site: "handle_path /offblocks/* {\nBLOCK}\n"}.start(t)
			output, err := exec.Command(command[0], command[1], p.URL+"/offblocks").CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			p.travelled(t, string(output))
		})
	}
}

// curl does the same.
func TestOffBlocksCurl(t *testing.T) {
	needsCommand(t, "curl")
	p := offBlocksSetup{}.start(t)
	curl := func(args ...string) string {
		t.Helper()
		args[0] = p.URL + customers + args[0]
		output, err := exec.Command("curl", append([]string{"-sS"}, args...)...).Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}
	empty := func(body string) string {
		if body != "" {
			return `"` + body + `"`
		}
		return "null"
	}
	made := curl("", "--json", `{"externalId": "Büro 7", "chainId": "eip155:1"}`)
	id, _ := at(made, "id").(string)
	read := curl("/" + id)
	challenge, _ := at(curl("/"+id+"/challenge"), "challenge").(string)
	signed := curl("/"+id+"/challenge/sign", "--json", `{"signature": "`+challenge+`"}`)
	active := curl("/" + id + "?fields=status")
	changed := curl("/"+id, "-X", "PATCH", "--json", `{"externalId": "Büro 8"}`)
	deleted := curl("/"+id, "-X", "DELETE")
	gone := "null"
	if at(curl("/"+id), "code") == "not_found" {
		gone = "404"
	}
	p.travelled(t, `{"made":`+made+`,"read":`+read+`,"signed":`+empty(signed)+`,"active":`+active+`,"changed":`+changed+`,"deleted":`+empty(deleted)+`,"gone":`+gone+`}`)
}

// travelled checks a whole journey: what the client says of it, and what
// OffBlocks has seen.
func (p offBlocksProxy) travelled(t *testing.T, output string) {
	t.Helper()
	id, _ := at(output, "made", "id").(string)
	for _, want := range []struct {
		value any
		path  []any
	}{
		{id, []any{"read", "id"}}, {"Büro 7", []any{"read", "externalId"}}, {nil, []any{"signed"}}, {"active", []any{"active", "status"}},
		{"Büro 8", []any{"changed", "externalId"}}, {nil, []any{"deleted"}}, {404.0, []any{"gone"}},
	} {
		if got := at(output, want.path...); id == "" || got != want.value {
			t.Errorf("%v is %v, want %v: %s", want.path, got, want.value, output)
		}
	}
	var calls []string
	for _, r := range p.calls() {
		calls = append(calls, r.Method+" "+strings.Replace(r.Target, customers+"/"+id, "*", 1))
		p.shaped(t, r)
	}
	if want := []string{"POST " + customers, "GET *", "GET */challenge", "POST */challenge/sign", "GET *?fields=status", "PATCH *", "DELETE *", "GET *"}; !slices.Equal(calls, want) {
		t.Errorf("OffBlocks saw %q, want %q", calls, want)
	}
	if refusals := p.Refusals(); len(refusals) != 1 || refusals[0].Status != 404 {
		t.Errorf("%+v", refusals)
	}
	if n := len(p.Writes()); n != 4 || p.Customers() != 1 {
		t.Errorf("%d writes, %d customers", n, p.Customers())
	}
	p.once(t)
	p.issued(t, 1)
}

// shaped checks a call against the preset's defaults, letter by letter: the demo
// takes other components and parameters, too.
func (p offBlocksProxy) shaped(t *testing.T, r *partnertest.Request) {
	t.Helper()
	covered := `"@method" "@target-uri" "authorization"`
	if len(r.Body) > 0 {
		covered += ` "content-digest" "content-type"`
	}
	if r.Method != "GET" {
		covered += ` "idempotency-key"`
	}
	want := "^" + regexp.QuoteMeta(`sig=(`+covered+`);created=`) + `\d{10}` + regexp.QuoteMeta(`;keyid="`+p.KeyID()+`";alg="ecdsa-p384-sha384"`) + "$"
	if input := r.Header.Get("Signature-Input"); !regexp.MustCompile(want).MatchString(input) {
		t.Errorf("%s %s: Signature-Input is %s, want %s", r.Method, r.Target, input, want)
	}
	value := strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Signature"), "sig=:"), ":")
	if raw, err := base64.StdEncoding.DecodeString(value); err != nil || len(raw) != 96 {
		t.Errorf("%s %s: Signature is %s", r.Method, r.Target, r.Header.Get("Signature"))
	}
	if digest := r.Header.Get("Content-Digest"); strings.HasPrefix(digest, "sha-512=:") != (len(r.Body) > 0) || (digest == "") != (len(r.Body) == 0) {
		t.Errorf("%s %s: Content-Digest is %q", r.Method, r.Target, digest)
	}
	if r.Header.Has("Idempotency-Key") != (r.Method != "GET") {
		t.Errorf("%s %s: Idempotency-Key is %q", r.Method, r.Target, r.Header.Get("Idempotency-Key"))
	}
}
