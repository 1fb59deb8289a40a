package config

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzConfig has anything as a partner's JSON. Checking it changes nothing and
// gives the same result after it was written and read again; an error repeats no
// secret that stands where its reference belongs.
func FuzzConfig(f *testing.F) {
	const canary = "sk_live_canary_7f3a9"
	for _, seed := range []string{
		`{"upstream":"https://api.acme.example"}`,
		`{"upstream":"https://a.example","timeout":"60s","bearer":[{"token":"{env.TOKEN}"}],"max_body":1}`,
		`{"upstream":"https://a.example","signatures":[{"key":"/k","key_id":"x","components":["@method","x;sf?"],"parameters":["created","expires=60s"]}]}`,
		`{"upstream":"https://a.example","bearer":[{"token":"sk_live_canary_7f3a9"}]}`,
		`{"upstream":"https://a.example","basic_auth":{"user":"a","password":"sk_live_canary_7f3a9"}}`,
		`{"upstream":"https://a.example","headers":[{"name":"X","op":"set_absent","value":"{time.now.http}"}],"retries":[{"status":[503],"attempts":3}]}`,
		`{"upstream":"https://a.example","allow":[{"methods":["GET"],"paths":["/a/**"],"guarded":true}],"json_fields":[{"pointer":"/a","value":"b"}]}`,
		`{"upstream":"https://a.example","content_digest":{"algorithms":["sha-256","sha-512"]},"idempotency_key":{"from_body":"/id"}}`,
		`{"upstream":"https://a.example","timeout":-1,"max_body":-1,"captures":[{}]}`, `{"timeout":"x"}`, `{"timeout":1e9}`, `null`, `[]`, `{"signatures":[null]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Config
		if json.Unmarshal(data, &c) != nil {
			return
		}
		before, err := json.Marshal(&c)
		if err != nil {
			t.Fatal(err)
		}
		first := c.Check()
		if first != nil && bytes.Contains([]byte(first.Error()), []byte(canary)) && !bytes.Contains(before, []byte(`"`+canary+`":`)) && secretOnly(before, canary) {
			t.Fatalf("the error repeats the secret: %v", first)
		}
		after, _ := json.Marshal(&c)
		if !bytes.Equal(before, after) {
			t.Fatalf("the check changes %s into %s", before, after)
		}
		var again Config
		if err := json.Unmarshal(before, &again); err != nil {
			t.Fatalf("%s: %v", before, err)
		}
		if second := again.Check(); (first == nil) != (second == nil) {
			t.Fatalf("%s: %v, and read again %v", before, first, second)
		}
	})
}

// secretOnly reports whether the text stands nowhere but where a reference to a
// secret belongs.
func secretOnly(config []byte, text string) bool {
	all := bytes.Count(config, []byte(text))
	return all == bytes.Count(config, []byte(`"token":"`+text+`"`))+bytes.Count(config, []byte(`"password":"`+text+`"`))
}
