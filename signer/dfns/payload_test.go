package dfns

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"
	"testing/quick"
	"unicode/utf8"

	"github.com/partnersign/partnersign/signer"
)

// The payload is the body byte for byte, whatever text it is.
func TestPayloadSurvives(t *testing.T) {
	check := func(body string) bool {
		q := asked(t, request("POST", "/wallets", body))
		return *q.Payload == body
	}
	for _, body := range []string{
		" { \"a\" : 1.0e0 , \"a\" : 2 }\r\n", `{"big":12345678901234567890,"escaped":"\u003c\/\u2028"}`,
		"<&>\u2028\u2029\u0085\u00a0\ufeff\ufffd😀\x00\x01\x1f\x7f", `"\\\"`, "not JSON", "\ufeff{}",
	} {
		if !check(body) {
			t.Errorf("%q", body)
		}
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
	large := make([]byte, 1<<20)
	for i := range large {
		large[i] = byte(rand.IntN(128))
	}
	if !check(string(large)) {
		t.Error("a megabyte of ASCII")
	}
}

// What JSON.stringify leaves as it is stays so.
func TestPayloadIsNotEscaped(t *testing.T) {
	const body = "<&>\u2028\u2029é/\x7f"
	if got := string(must(initBody(request("POST", "/", body)))); !strings.Contains(got, `"userActionPayload":"`+body+`"`) {
		t.Errorf("got %q", got)
	}
}

func FuzzPayload(f *testing.F) {
	f.Add("{}", "application/json")
	f.Add("\xff", "")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{}\r\n--b--\r\n", "multipart/form-data; boundary=b")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		r := request("POST", "/wallets", body)
		r.Header["Content-Type"] = []string{contentType}
		encoded, err := initBody(r)
		if err != nil {
			wantProblem(t, err, signer.BodyUnusable)
			return
		}
		var q question
		if err := json.Unmarshal(encoded, &q); err != nil || q.Method != "POST" || q.Path != "/wallets" || q.Kind != "Api" {
			t.Fatalf("%s: %v", encoded, err)
		}
		if whole := !strings.HasPrefix(strings.ToLower(contentType), "multipart/form-data"); whole && *q.Payload != body || !strings.Contains(body, *q.Payload) {
			t.Errorf("of %q, %q is authorised", body, *q.Payload)
		}
	})
}

// asked is what Dfns understands.
func asked(t testing.TB, r *signer.Request) (q question) {
	t.Helper()
	encoded, err := initBody(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := decode(encoded, &q); err != nil || !utf8.Valid(encoded) {
		t.Fatalf("%s: %v", encoded, err)
	}
	return q
}

func TestPayloadOfForms(t *testing.T) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part := func(disposition, encoding, content string) {
		h := textproto.MIMEHeader{"Content-Disposition": {disposition}}
		if encoding != "" {
			h.Set("Content-Transfer-Encoding", encoding)
		}
		_ = must(must(w.CreatePart(h)).Write([]byte(content)))
	}
	const data = "{\"a\": \"b=3D\"}\n"
	part(`form-data; name="file"; filename="data"`, "", "\xff\xfe")
	part(`form-data; name="data"`, "quoted-printable", data)
	part(`form-data; name="DATA"`, "", "another")
	_ = w.Close()
	r := request("POST", "/assets", form.String(), "Content-Type: "+strings.Replace(w.FormDataContentType(), "multipart/form-data", "Multipart/Form-Data", 1))
	if got := *asked(t, r).Payload; got != data {
		t.Errorf("authorised %q", got)
	}
}

func TestPayloadErrors(t *testing.T) {
	const form = "Content-Type: multipart/form-data; boundary=b"
	part := func(name, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n"
	}
	for _, test := range []struct{ name, contentType, body, want string }{
		{"not UTF-8", "Content-Type: application/json", "{\"a\":\"\xff\"}", "is not UTF-8"},
		{"half a surrogate", "", "\xed\xa0\x80", "is not UTF-8"},
		{"no data part", form, part("file", "x") + "--b--\r\n", "there is none"},
		{"empty form", form, "--b--\r\n", "there is none"},
		{"two data parts", form, part("data", "{}") + part("data", "{}") + "--b--\r\n", "there are two"},
		{"data part not UTF-8", form, part("data", "\xff") + "--b--\r\n", "is not UTF-8"},
		{"form cut off", form, part("data", "{}"), "malformed"},
		{"form cut off in the data", form, part("data", "{}")[:54], "malformed"},
		{"no form", form, "{}", "malformed"},
		{"no body", form, "", "malformed"},
		{"no boundary", "Content-Type: multipart/form-data", part("data", "{}") + "--b--\r\n", "malformed"},
		{"two boundaries", form + "; boundary=c", part("data", "{}") + "--b--\r\n", "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := request("POST", "/wallets", test.body, test.contentType)
			dfns := newFakeDfns(seedKey.Public())
			err := newUserAction(t, UserActionOptions{Call: dfns.call}).Apply(t.Context(), r)
			wantProblem(t, err, signer.BodyUnusable, test.want)
			if len(dfns.calls) > 0 {
				t.Error("a call was made")
			}
		})
	}
}
