package partnertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestIdempotency(t *testing.T) {
	v := verifierFor(t, Require{IdempotencyKey: RawUUID, Bearer: "b"})
	send := func(method, key, body, bearer string) Verdict {
		return judgeWire(t, v, fmt.Sprintf("%s / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s",
			method, bearer, key, len(body), body))
	}
	for i, test := range []struct {
		method, key, body, bearer string
		status, replays           int
	}{
		{"POST", uuid1, "a", "b", 200, 0},
		{"POST", uuid1, "a", "b", 200, 1},
		{"POST", uuid1, "a", "b", 200, 2},
		{"POST", uuid1, "x", "b", 422, 0},
		{"POST", uuid1, "x", "wrong", 401, 0},
		{"DELETE", uuid2, "", "b", 200, 0},
		{"GET", "no key at all", "", "b", 200, 0},
		{"PATCH", strings.ToUpper(uuid2), "", "b", 401, 0},
	} {
		verdict := send(test.method, test.key, test.body, test.bearer)
		if verdict.Status != test.status || verdict.Replays != test.replays {
			t.Errorf("%d: status %d, replays %d: %q", i, verdict.Status, verdict.Replays, verdict.Problems)
		}
	}
	v.forget()
	if verdict := send("POST", uuid1, "x", "b"); !verdict.OK {
		t.Errorf("after forgetting: %q", verdict.Problems)
	}
}

func TestReplays(t *testing.T) {
	signer := newPair(t, "ed25519")
	v := verifierFor(t, Require{Keys: map[string]Key{"k": signer.key}, RefuseReplays: true})
	wire := signer.wire(t, "Signature-Input", "Signature", "{}")
	if verdict := judgeWire(t, v, wire); !verdict.OK {
		t.Fatal(verdict.Problems)
	}
	want := []string{`Signature "sig1": the same signature was seen before.`}
	if verdict := judgeWire(t, v, wire); !slices.Equal(verdict.Problems, want) {
		t.Errorf("%q, want %q", verdict.Problems, want)
	}
}
