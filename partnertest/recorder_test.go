package partnertest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestConcurrency(t *testing.T) {
	for _, protocol := range []string{"http/1.1", "h2"} {
		partner := New(t, Options{
			Protocols: []string{protocol},
			Require:   Require{ContentDigest: AnyDigest, IdempotencyKey: AnyKey, RefuseReplays: true},
		})
		client := partner.Client()
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for j := range 10 {
					post(t, client, partner.URL()+fmt.Sprintf("/%d/%d", i, j), strings.Repeat("x", 1000*j))
					partner.Last()
				}
			})
		}
		group.Wait()
		seen, err := partner.Wait(80, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range seen {
			var i, j int
			fmt.Sscanf(r.Target, "/%d/%d", &i, &j)
			if len(r.Body) != 1000*j || r.Err != "" || r.Raw != nil && !bytes.HasSuffix(r.Raw, r.Body) {
				t.Errorf("%s has %d bytes: %s", r.Target, len(r.Body), r.Err)
			}
		}
		partner.Reset()
		if partner.Last() != nil {
			t.Error("Reset forgot to forget")
		}
		if _, err := partner.Wait(1, time.Millisecond); err == nil {
			t.Error("Wait waited for nothing and was content")
		}
	}
}
