package partnertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A callAnswer is what came back.
type callAnswer struct {
	*http.Response
	text   string
	object map[string]any // nil when it is no JSON object
}

// sendTo sends a request and reads the answer.
func sendTo(client *http.Client, request *http.Request) (callAnswer, error) {
	res, err := client.Do(request)
	if err != nil {
		return callAnswer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	answer := callAnswer{Response: res, text: string(text)}
	json.Unmarshal(text, &answer.object)
	return answer, err
}

// mustSend sends a request that must be answered.
func mustSend(t testing.TB, client *http.Client, request *http.Request) callAnswer {
	t.Helper()
	answer, err := sendTo(client, request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// refusedWith checks that a call was refused, that this is the last refusal recorded, and
// that the answer says why.
func refusedWith(t testing.TB, recorded func() []Refusal, answer callAnswer, status int, reason string) {
	t.Helper()
	refusals := recorded()
	if len(refusals) == 0 {
		t.Fatalf("answered %d %s, and no refusal is recorded, want %d and %q", answer.StatusCode, answer.text, status, reason)
	}
	last := refusals[len(refusals)-1]
	if answer.StatusCode != status || last.Status != status || !strings.Contains(last.Reason, reason) {
		t.Errorf("answered %d, recorded %d %s, want %d and %q", answer.StatusCode, last.Status, last.Reason, status, reason)
	}
	quoted, _ := marshal(last.Reason)
	if !bytes.Contains([]byte(answer.text), quoted) || last.Request == nil || last.Code == "" || !strings.Contains(answer.text, last.Code) {
		t.Errorf("answered %s, recorded %+v", answer.text, last)
	}
}

// answeredWith checks that a call was not refused.
func answeredWith(t testing.TB, answer callAnswer, status int) callAnswer {
	t.Helper()
	if answer.StatusCode != status {
		t.Errorf("answered %d %s, want %d", answer.StatusCode, answer.text, status)
	}
	return answer
}
