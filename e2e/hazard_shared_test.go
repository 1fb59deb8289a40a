package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/partnersign/partnersign/partnertest"
)

// Many requests at once through one partner, each with its own body, key and
// headers: none of them has anything of another.
func TestHazardNoSharedState(t *testing.T) {
	partner, caddy := startAcme(t, partnertest.Options{}, "header ?X-Default default", `json_field /added "once"`)
	var clients sync.WaitGroup
	for client := range 16 {
		clients.Go(func() {
			for i := range 20 {
				mark := fmt.Sprintf("%d-%d", client, i)
				body := fmt.Sprintf(`{"mark":%q,"pad":"%s"}`, mark, strings.Repeat(mark, i*i))
				req, err := http.NewRequest("POST", caddy.URL+"/v1/"+mark+"?mark="+mark, io.MultiReader(strings.NewReader(body)))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("X-Mark", mark)
				req.Header.Set("Content-Type", "application/json")
				if i%2 == 0 {
					req.Header.Set("X-Default", mark)
				}
				res, err := plainClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				if res.Body.Close(); res.StatusCode != 200 {
					t.Errorf("answered %s", res.Status)
				}
			}
		})
	}
	clients.Wait()
	keys := map[string]bool{}
	for _, seen := range only(t, partner, 320) {
		mark := seen.Header.Get("X-Mark")
		if seen.Target != "/v1/"+mark+"?mark="+mark || at(string(seen.Body), "mark") != mark || at(string(seen.Body), "added") != "once" {
			t.Errorf("%s came with the body %.60s and %s", seen.Target, seen.Body, mark)
		}
		if other := seen.Header.Get("X-Default"); other != mark && other != "default" {
			t.Errorf("%s came with the header of %s", seen.Target, other)
		}
		if key := seen.Header.Get("Idempotency-Key"); keys[key] {
			t.Errorf("%s came with a key of another", seen.Target)
		} else {
			keys[key] = true
		}
	}
	caddy.memoryReturned(t)
}
